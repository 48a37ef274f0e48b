/* SPDX-License-Identifier: MIT */
/* Functions of arm64, for test_functions.c: where their arguments are. */
struct small {
	int a;
	short b;
	long c;
};
struct large {
	long a, b, c;
};
struct floats {
	double x, y, z;
};

int integers(char a, unsigned short b, int c, long d, long e, long f, long g, long h, int on_stack,
	     long last);
int integers(char a, unsigned short b, int c, long d, long e, long f, long g, long h, int on_stack,
	     long last)
{
	return a + b + c + (int)(d + e + f + g + h + last) + on_stack;
}

int structs(struct small s, struct large l, struct floats f, struct large *p, double x, int n);
int structs(struct small s, struct large l, struct floats f, struct large *p, double x, int n)
{
	return s.a + s.b + (int)(s.c + l.a + l.c + p->b) + (int)(f.x + f.z + x) + n;
}

int aligned(int first, __int128 wide, int after);
int aligned(int first, __int128 wide, int after)
{
	return first + (int)wide + after;
}

struct large returned(int n);
struct large returned(int n)
{
	struct large l = { n, 2, 3 };

	return l;
}
