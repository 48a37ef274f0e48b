/* SPDX-License-Identifier: MIT */
/* The smallest program, without marks: built static, so that starting it is all that it does. */
int main(void)
{
	return 0;
}
