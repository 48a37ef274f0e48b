/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "elf.h"
#include "elf_file.h"
#include "function_list.h"
#include "glob.h"

/* Names of one table; those of a browser take 100 MiB. */
#define NAMES_MAX_BYTES (256u << 20)

/* ---- reading ---- */

/* A copy of the strings, with a zero byte after them. NULL with errno. */
static char *read_names(struct elf_file *file, const ElfW(Shdr) * section)
{
	char *names, last;
	int err;

	if (section->sh_size > NAMES_MAX_BYTES) {
		errno = E2BIG;
		return NULL;
	}
	/* no memory for what the file does not have */
	err = section->sh_size
		      ? elf_file__read(file, section->sh_offset + section->sh_size - 1, &last, 1)
		      : 0;
	if (err) {
		errno = -err;
		return NULL;
	}
	names = calloc(1, section->sh_size + 1);
	if (!names)
		return NULL;
	err = elf_file__read(file, section->sh_offset, names, section->sh_size);
	if (!err)
		return names;
	free(names);
	errno = -err;
	return NULL;
}

static int append(struct function_list *list, const ElfW(Sym) * sym, const char *name)
{
	const unsigned int type = ELF64_ST_TYPE(sym->st_info);
	struct function function = {
		.vaddr = sym->st_value,
		.bytes = sym->st_size,
		.symbol = name,
		.is_local = ELF64_ST_BIND(sym->st_info) == STB_LOCAL,
		.is_resolver = type == STT_GNU_IFUNC,
	};
	enum function_clone clone = FUNCTION_WHOLE;

	if ((type != STT_FUNC && type != STT_GNU_IFUNC) || sym->st_shndx == SHN_UNDEF || !*name ||
	    elf_file__offset(list->file, sym->st_value, 1, PF_X, &function.offset))
		return 0;
	function.base_len =
		(uint32_t)(list->has_clones ? function_name__base(name, &clone) : strlen(name));
	function.clone = (uint8_t)clone;
	if (array__reserve(list->items, list->cnt + 1, &list->cap))
		return -ENOMEM;
	list->items[list->cnt++] = function;
	return 0;
}

static int read_table(struct function_list *list, struct elf_file *file, uint32_t type)
{
	ElfW(Shdr) section, strings;
	uint64_t number = 0, cnt;
	ElfW(Sym) sym;
	char *names;
	int err = elf_file__next_section(file, &number, type, NULL, &section);

	if (err <= 0 || list->table_cnt == ARRAY_SIZE(list->names))
		return err < 0 ? err : 0;
	if (elf_file__section(file, section.sh_link, &strings) || strings.sh_type != SHT_STRTAB)
		return 0;
	names = read_names(file, &strings);
	if (!names)
		return errno == ENODATA ? 0 : -errno;
	list->names[list->table_cnt++] = names;
	list->has_all |= type == SHT_SYMTAB;
	cnt = section.sh_size / sizeof(sym);
	if (cnt > ELF_MAX_SYMBOLS)
		cnt = ELF_MAX_SYMBOLS;
	err = 0;
	for (uint64_t i = 0; !err && i < cnt; i++) {
		err = elf_file__read(file, section.sh_offset + i * sizeof(sym), &sym, sizeof(sym));
		if (!err && sym.st_name < strings.sh_size)
			err = append(list, &sym, names + sym.st_name);
	}
	return err == -ENODATA ? 0 : err; /* cut: use what was read */
}

/* "malloc" rather than "__libc_malloc" */
static size_t underscores(const char *symbol)
{
	return strncmp(symbol, "_Z", 2) ? strspn(symbol, "_") : 0;
}

/* Ascending; of those at one address the whole function is first, the one with a size, the name that
 * others use. */
static int compare(const void *a, const void *b)
{
	const struct function *x = a, *y = b;
	int order;

	if (x->vaddr != y->vaddr)
		return x->vaddr < y->vaddr ? -1 : 1;
	if (x->clone != y->clone)
		return x->clone < y->clone ? -1 : 1;
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	if (x->is_local != y->is_local)
		return x->is_local ? 1 : -1;
	if (underscores(x->symbol) != underscores(y->symbol))
		return underscores(x->symbol) < underscores(y->symbol) ? -1 : 1;
	order = strcmp(x->symbol, y->symbol);
	return order ? order : (x->base_len > y->base_len) - (x->base_len < y->base_len);
}

/* The bytes of the symbol of cold code that name its function, a clone maybe: "f.isra.0.cold". */
static size_t owner_len(const struct function *cold)
{
	const char *end = strstr(cold->symbol, ".cold");

	return end ? (size_t)(end - cold->symbol) : cold->base_len;
}

/* A name, against the owner of cold code. */
static int compare_owner(const char *name, size_t len, const struct function *cold)
{
	const size_t other = owner_len(cold);
	const int order = strncmp(name, cold->symbol, len < other ? len : other);

	return order ? order : (len > other) - (len < other);
}

static int compare_cold(const void *a, const void *b, void *ctx)
{
	const struct function_list *list = ctx;
	const struct function *x = &list->items[*(const uint32_t *)a],
			      *y = &list->items[*(const uint32_t *)b];

	return compare_owner(x->symbol, owner_len(x), y);
}

static int sort(struct function_list *list)
{
	size_t cnt = 0;
	uint32_t *cold;

	if (!list->cnt)
		return 0;
	qsort(list->items, list->cnt, sizeof(*list->items), compare);
	cold = reallocarray(list->cold, list->cnt, sizeof(*cold));
	if (!cold)
		return -ENOMEM;
	for (size_t i = 0; i < list->cnt; i++) {
		if (list->items[i].clone == FUNCTION_COLD)
			cold[cnt++] = (uint32_t)i;
	}
	qsort_r(cold, cnt, sizeof(*cold), compare_cold, list);
	list->cold = cold;
	list->cold_cnt = cnt;
	return 0;
}

static int read_tables(struct function_list *list, struct elf_file *file)
{
	int err = read_table(list, file, SHT_SYMTAB);

	if (!err)
		err = read_table(list, file, SHT_DYNSYM);
	return err ? err : sort(list);
}

static bool is_go(struct elf_file *file)
{
	ElfW(Shdr) section;
	uint64_t number = 0;

	return elf_file__next_section(file, &number, SHT_PROGBITS, ".gopclntab", &section) == 1;
}

struct function_list *function_list__new(int fd)
{
	struct function_list *list = calloc(1, sizeof(*list));
	int err;

	if (!list)
		return NULL;
	list->file = elf_file__new(fd);
	if (!list->file) {
		err = -errno;
		goto fail;
	}
	list->has_clones = !is_go(list->file);
	err = read_tables(list, list->file);
	if (!err)
		return list;
fail:
	function_list__free(list);
	errno = -err;
	return NULL;
}

int function_list__add(struct function_list *list, int fd)
{
	struct elf_file *file = elf_file__new(fd);
	int err;

	if (!file)
		return -errno;
	err = read_tables(list, file);
	elf_file__free(file);
	return err;
}

void function_list__free(struct function_list *list)
{
	if (!list)
		return;
	for (size_t i = 0; i < list->table_cnt; i++)
		free(list->names[i]);
	elf_file__free(list->file);
	free(list->items);
	free(list->cold);
	free(list);
}

/* ---- finding ---- */

/* The first one at that address or after it. */
static size_t first_from(const struct function_list *list, uint64_t vaddr)
{
	size_t low = 0, high = list->cnt;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (list->items[middle].vaddr < vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct function *function_list__at(const struct function_list *list, uint64_t vaddr)
{
	const size_t at = first_from(list, vaddr);

	if (at == list->cnt || list->items[at].vaddr != vaddr ||
	    list->items[at].clone == FUNCTION_COLD)
		return NULL;
	return &list->items[at];
}

const struct function *function_list__aliases(const struct function_list *list,
					      const struct function *function, size_t *ret_cnt)
{
	const size_t first = first_from(list, function->vaddr);
	size_t end = first;

	while (end < list->cnt && list->items[end].vaddr == function->vaddr)
		end++;
	*ret_cnt = end - first;
	return &list->items[first];
}

/* That of one of its names. */
static int each_cold(const struct function_list *list, const char *name, size_t len,
		     int (*take)(void *ctx, const struct function *cold), void *ctx)
{
	size_t low = 0, high = list->cold_cnt;
	int err = 0;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (compare_owner(name, len, &list->items[list->cold[middle]]) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; !err && low < list->cold_cnt; low++) {
		const struct function *cold = &list->items[list->cold[low]];

		if (compare_owner(name, len, cold))
			break;
		err = take(ctx, cold);
	}
	return err;
}

int function_list__each_cold(const struct function_list *list, const struct function *function,
			     int (*take)(void *ctx, const struct function *cold), void *ctx)
{
	const struct function *alias;
	size_t cnt;
	int err = 0;

	if (!list->cold_cnt)
		return 0;
	alias = function_list__aliases(list, function, &cnt);
	for (size_t i = 0; !err && i < cnt; i++)
		err = each_cold(list, alias[i].symbol, strcspn(alias[i].symbol, "@"), take, ctx);
	return err;
}

/* ---- matching ---- */

struct matching {
	const struct function_list *list;
	struct ttlog_text glob;
	bool of_symbols, has_parameters;
	char literal[64]; /* each symbol that matches has this text in it; "": that is not known */
	size_t max, cap, cnt, resolver_cnt;
	struct function_match *items;
};

/* Whether a symbol may say it in another way, or in short. */
static bool may_be_short(const char *word)
{
	static const char words[] = "operator allocator basic_string basic_istream basic_ostream "
				    "basic_iostream std lambda unnamed anonymous namespace auto "
				    "decltype virtual thunk clone const volatile unsigned signed "
				    "long short int char bool double float void wchar_t char16_t "
				    "char32_t __int128 nullptr_t closure delete new "
				    "abi cxx11 noexcept transaction safe ptr";

	return strstr(words, word);
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/*
 * To demangle a name takes a microsecond, and a file may have a million: so what the last part of
 * the glob says of the function's own name is looked for first.
 */
static void find_literal(struct matching *matching, const char *glob)
{
	const size_t whole = strcspn(glob, "(<[\\{ ");
	size_t end = whole, start;

	if (glob[whole] && glob[whole] != '(')
		return;
	while (end && !is_word(glob[end - 1]))
		end--;
	for (start = end; start && is_word(glob[start - 1]);)
		start--;
	/* only a part of the last name */
	if (memchr(glob + end, ':', whole - end) || end - start < 3 ||
	    end - start >= sizeof(matching->literal))
		return;
	memcpy(matching->literal, glob + start, end - start);
	matching->literal[end - start] = '\0';
	if (may_be_short(matching->literal))
		matching->literal[0] = '\0';
}

static bool matches(const struct matching *matching, const char *name, size_t len)
{
	return glob__match(matching->glob, (struct ttlog_text){ .p = name, .len = len });
}

/* 1: it matches, and *ret_name is its name; 0: it does not; -ENOMEM. */
static int match_name(const struct matching *matching, const struct function *function,
		      char **ret_name)
{
	const char *symbol = function->symbol;
	const bool is_mangled = symbol[0] == '_' && (symbol[1] == 'Z' || symbol[1] == 'R');
	char *name;
	bool hit;

	*ret_name = NULL;
	if (matching->of_symbols || !is_mangled) {
		if (!matches(matching, symbol, function->base_len))
			return 0;
	} else {
		if (matching->literal[0] && !strstr(symbol, matching->literal))
			return 0;
		name = function_name__readable(symbol, function->base_len,
					       matching->has_parameters);
		if (!name)
			return -ENOMEM;
		hit = matches(matching, name, strlen(name));
		if (hit && !matching->has_parameters) {
			*ret_name = name;
			return 1;
		}
		free(name);
		if (!hit)
			return 0;
	}
	*ret_name = function_name__readable(symbol, function->base_len, false);
	return *ret_name ? 1 : -ENOMEM;
}

static int take(struct matching *matching, const struct function *function)
{
	const struct function_match *last = matching->cnt ? &matching->items[matching->cnt - 1]
							  : NULL;
	char *name;
	int result;

	/* an alias */
	if (last && last->function->vaddr == function->vaddr)
		return 0;
	result = match_name(matching, function, &name);
	if (result <= 0)
		return result;
	if (function->is_resolver) {
		matching->resolver_cnt++;
	} else if (matching->cnt == matching->max) {
		result = -E2BIG;
	} else if (array__reserve(matching->items, matching->cnt + 1, &matching->cap)) {
		result = -ENOMEM;
	} else {
		matching->items[matching->cnt++] =
			(struct function_match){ .function = function, .name = name };
		return 0;
	}
	free(name);
	return result < 0 ? result : 0;
}

static int take_all(struct matching *matching, bool parts)
{
	const struct function_list *list = matching->list;
	int err = 0;

	for (size_t i = 0; !err && i < list->cnt; i++) {
		const struct function *function = &list->items[i];

		if (function->clone != FUNCTION_COLD && (function->clone == FUNCTION_PART) == parts)
			err = take(matching, function);
	}
	return err;
}

int function_list__match(const struct function_list *list, const char *glob, size_t max,
			 struct function_match **ret, size_t *ret_cnt, size_t *ret_resolvers)
{
	struct matching matching = {
		.list = list,
		.glob = { .p = glob, .len = strlen(glob) },
		.of_symbols = !strncmp(glob, "_Z", 2) || !strncmp(glob, "_R", 2),
		.has_parameters = strchr(glob, '(') != NULL,
		.max = max,
	};
	int err;

	find_literal(&matching, glob);
	err = take_all(&matching, false);
	if (!err && !matching.cnt && !matching.resolver_cnt)
		err = take_all(&matching, true);
	if (err) {
		function_matches__free(matching.items, matching.cnt);
		return err;
	}
	*ret = matching.items;
	*ret_cnt = matching.cnt;
	*ret_resolvers = matching.resolver_cnt;
	return 0;
}

void function_matches__free(struct function_match *matches, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		free(matches[i].name);
	free(matches);
}
