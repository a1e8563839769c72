/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Making the kernel's allocations, or its copies from and to user memory, fail at chosen places
 * of the module: CONFIG_FAULT_INJECTION with a filter on the addresses in the backtrace.
 *
 * A failure in these functions fails the running test.
 */
#ifndef FAULT_H
#define FAULT_H

#include <limits.h>
#include <regex.h>

#include "raw.h"

#define FAULT_DEBUGFS	"/sys/kernel/debug"
#define FAULT_SECTIONS	"/sys/module/lockmgr/sections"
#define FAULT_SITES_MAX	64

/* Each of these functions allocates many objects. */
#define FAULT_SYSFS	"kobject_set_name|kobject_add|sysfs_create_groups"

/* The kinds of faults, by the names of their directories in debugfs. */
#define FAULT_SLAB	"failslab"
#define FAULT_PAGE	"fail_page_alloc"
#define FAULT_COPY	"fail_usercopy"

/**
 * struct fault_range - faults happen only if the backtrace has an address in this range
 */
struct fault_range {
	unsigned long start;
	unsigned long end;
};

/**
 * struct fault_site - a call in the module that allocates memory
 * @kind: FAULT_SLAB or FAULT_PAGE
 * @symbol: the function that is called
 * @caller: the function that calls it
 * @address: the return address of the call
 * @tail: whether it is a jump: it does not return, and the backtrace does not show it
 * @failures: how often it was made to fail
 */
struct fault_site {
	const char *kind;
	char symbol[64];
	char caller[64];
	unsigned long address;
	bool tail;
	unsigned long failures;
};

static struct fault_site fault_sites[FAULT_SITES_MAX];
static size_t fault_site_count;

/* ------------------------------------------------------------------------
 * Files with one value
 */

static inline int fault_open(const char *directory, const char *name, int flags)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, name);

	return open(path, flags | O_CLOEXEC);
}

static inline void fault_put(const char *directory, const char *name, const char *value)
{
	int file = fault_open(directory, name, O_WRONLY);

	if (file < 0 || write(file, value, strlen(value)) < 0)
		fail_msg("%s/%s: cannot write %s: %s", directory, name, value, strerror(errno));
	close(file);
}

static inline void fault_put_number(const char *directory, const char *name, unsigned long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", value);
	fault_put(directory, name, text);
}

static inline unsigned long fault_get_number(const char *directory, const char *name, int base)
{
	char text[64] = { 0 };
	int file = fault_open(directory, name, O_RDONLY);

	if (file < 0 || read(file, text, sizeof(text) - 1) <= 0)
		fail_msg("%s/%s: cannot read: %s", directory, name, strerror(errno));
	close(file);

	return strtoul(text, NULL, base);
}

/* ------------------------------------------------------------------------
 * Setting up
 */

static inline const char *fault_directory(const char *kind)
{
	static char path[128];

	snprintf(path, sizeof(path), FAULT_DEBUGFS "/%s", kind);

	return path;
}

/** Whether this kernel can make all kinds of faults happen. */
static inline bool fault_is_possible(void)
{
	static const char *const kinds[] = { FAULT_SLAB, FAULT_PAGE, FAULT_COPY };
	char path[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		snprintf(path, sizeof(path), FAULT_DEBUGFS "/%s/require-start", kinds[i]);
		if (access(path, F_OK))
			return false;
	}

	return true;
}

/** Where a kind of fault can happen from now on; NULL: nowhere. */
static inline void fault_restrict(const char *kind, const struct fault_range *range)
{
	const char *directory = fault_directory(kind);

	fault_put_number(directory, "require-start", range ? range->start : 1);
	fault_put_number(directory, "require-end", range ? range->end : 1);
}

/*
 * The addresses of kmemleak's own allocations.  It makes them while an object is allocated,
 * to note that object, and so they would count as allocations of the module.  When they fail,
 * nothing else does: so they must not be chosen.
 */
static inline struct fault_range fault_range_of_kmemleak(void)
{
	struct fault_range range = { ULONG_MAX, 0 };
	char name[128], type;
	unsigned long address;
	FILE *symbols = fopen("/proc/kallsyms", "re");

	assert_non_null(symbols);
	while (fscanf(symbols, "%lx %c %127s%*[^\n]", &address, &type, name) == 3) {
		if (strcmp(name, "mem_pool_alloc") != 0 && strcmp(name, "__alloc_object") != 0)
			continue;
		if (address < range.start)
			range.start = address;
		/* Neither of these functions is longer than this. */
		if (address + 0x800 > range.end)
			range.end = address + 0x800;
	}
	fclose(symbols);

	return range;
}

static inline void fault_prepare(const char *kind)
{
	const char *directory = fault_directory(kind);

	fault_put(directory, "probability", "0");
	/* Print nothing to the kernel's log. */
	fault_put(directory, "verbose", "0");
	fault_put(directory, "interval", "1");
	fault_put(directory, "task-filter", "Y");
	fault_put(directory, "stacktrace-depth", "32");
	fault_restrict(kind, NULL);
}

/** Must be called before all functions below; makes nothing fail yet. */
static inline void fault_begin(void)
{
	struct fault_range kmemleak = fault_range_of_kmemleak();

	fault_prepare(FAULT_SLAB);
	fault_prepare(FAULT_PAGE);
	fault_prepare(FAULT_COPY);
	fault_put(FAULT_DEBUGFS "/" FAULT_SLAB, "ignore-gfp-wait", "N");
	fault_put(FAULT_DEBUGFS "/" FAULT_PAGE, "ignore-gfp-wait", "N");
	fault_put(FAULT_DEBUGFS "/" FAULT_PAGE, "min-order", "0");
	if (kmemleak.end) {
		fault_put_number(FAULT_DEBUGFS "/" FAULT_SLAB, "reject-start", kmemleak.start);
		fault_put_number(FAULT_DEBUGFS "/" FAULT_SLAB, "reject-end", kmemleak.end);
	}
}

/** Set whether faults can happen to that thread from now on; returns whether they could before. */
static inline bool fault_expose(pid_t thread, bool exposed)
{
	char directory[64];
	bool before;

	snprintf(directory, sizeof(directory), "/proc/%d", thread);
	before = fault_get_number(directory, "make-it-fail", 10);
	fault_put_number(directory, "make-it-fail", exposed);

	return before;
}

/** Must be called at the end; makes faults impossible again. */
static inline void fault_end(void)
{
	fault_expose(gettid(), false);
	fault_prepare(FAULT_SLAB);
	fault_prepare(FAULT_PAGE);
	fault_prepare(FAULT_COPY);
}

/* ------------------------------------------------------------------------
 * The sites, from the module's relocations
 */

static inline bool fault_matches(const char *text, const char *pattern)
{
	regex_t regex;
	bool match;

	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	match = !regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);

	return match;
}

/* The kind of fault that makes a function of that name fail; NULL: none. */
static inline const char *fault_kind_of(const char *symbol)
{
	/* The module's own functions, and those of the compiler's checkers. */
	if (fault_matches(symbol, "^(lockmgr|__asan|__kasan|__sanitizer|__tsan|__gcov)_"))
		return NULL;
	/* Per-processor memory, and perf's buffers, come out of memory that is there already. */
	if (fault_matches(symbol, "percpu|pcpu|perf_trace_buf_alloc"))
		return NULL;
	if (fault_matches(symbol, "get_zeroed_page|get_free_page|alloc_page"))
		return FAULT_PAGE;
	if (fault_matches(symbol, "alloc|memdup|strn?dup|asprintf") ||
	    fault_matches(symbol, "xa_(store|insert|cmpxchg|reserve)|idr_|ida_") ||
	    fault_matches(symbol, "notifier_insert|seq_open") ||
	    fault_matches(symbol, "^(" FAULT_SYSFS ")$"))
		return FAULT_SLAB;

	return NULL;
}

static inline void fault_add_site(const char *caller, const char *symbol, unsigned long address,
				  bool tail)
{
	const char *kind = fault_kind_of(symbol);
	struct fault_site *site = &fault_sites[fault_site_count];

	if (!kind)
		return;
	assert_true(fault_site_count < FAULT_SITES_MAX);
	fault_site_count++;
	*site = (struct fault_site) { .kind = kind, .address = address, .tail = tail };
	snprintf(site->symbol, sizeof(site->symbol), "%s", symbol);
	snprintf(site->caller, sizeof(site->caller), "%s", caller);
}

/* Where a section of the module is; 0: nowhere, or only during loading or unloading. */
static inline unsigned long fault_section(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), FAULT_SECTIONS "/%s", name);
	if (access(path, R_OK) || fault_matches(name, "^\\.(init|exit)\\."))
		return 0;

	return fault_get_number(FAULT_SECTIONS, name, 16);
}

/**
 * Find all calls that allocate memory, in the output of objdump for the module:
 *
 *	Disassembly of section .text:
 *	0000000000000000 <lockmgr_ids_allocate>:
 *	  44:	call   49 <lockmgr_ids_allocate+0x49>
 *				45: R_X86_64_PLT32	kmalloc_trace-0x4
 */
static inline void fault_find_sites(void)
{
	char line[512], command[512], section[64], caller[64] = "", symbol[64];
	unsigned long base = 0, offset;
	bool call = false, jump = false;
	FILE *dump;

	snprintf(command, sizeof(command), "objdump -dr --no-show-raw-insn '%s'",
		 getenv("LOCKMGR_KO"));
	dump = popen(command, "re");
	assert_non_null(dump);
	while (fgets(line, sizeof(line), dump)) {
		if (sscanf(line, "Disassembly of section %63[^:]", section) == 1) {
			base = fault_section(section);
		} else if (sscanf(line, "%lx <%63[^>]>:", &offset, symbol) == 2) {
			memcpy(caller, symbol, sizeof(caller));
		} else if (sscanf(line, " %lx: R_X86_64_PLT32 %63[^-+\n]", &offset, symbol) == 2 ||
			   sscanf(line, " %lx: R_X86_64_PC32 %63[^-+\n]", &offset, symbol) == 2) {
			/* The displacement has 4 bytes and is the end of the instruction. */
			if (base && (call || jump))
				fault_add_site(caller, symbol, base + offset + 4, jump);
		} else {
			call = strstr(line, "\tcall ");
			jump = strstr(line, "\tj");
		}
	}
	assert_int_equal(pclose(dump), 0);
	assert_true(fault_site_count > 0);
}

/* ------------------------------------------------------------------------
 * Faults
 */

/* More failures than a call can have. */
#define FAULT_TIMES	1000000
/* More bytes than a call allocates. */
#define FAULT_SPACE	1000000000

/**
 * struct fault - which allocations fail
 * @site: where
 * @passes: how many bytes (or pages) can be allocated there before allocations fail;
 *	FAULT_SPACE: as many as the call needs, so that none fails
 */
struct fault {
	struct fault_site *site;
	long passes;
};

/** From here until fault_disarm(), allocations of this thread fail as @fault says. */
static inline void fault_arm(const struct fault *fault)
{
	const char *directory = fault_directory(fault->site->kind);

	fault_put_number(directory, "times", FAULT_TIMES);
	fault_put_number(directory, "space", fault->passes);
	fault_expose(gettid(), true);
}

/** Returns whether an allocation has failed. */
static inline bool fault_disarm(const struct fault *fault)
{
	const char *directory = fault_directory(fault->site->kind);

	fault_expose(gettid(), false);

	return fault_get_number(directory, "times", 10) != FAULT_TIMES;
}

/** How much was allocated at the site while a fault with FAULT_SPACE was armed. */
static inline long fault_allocated(const struct fault *fault)
{
	return FAULT_SPACE - fault_get_number(fault_directory(fault->site->kind), "space", 10);
}

/** Faults of this site are possible from now on, and no others. */
static inline void fault_choose(const struct fault_site *site)
{
	const struct fault_range range = { site->address, site->address + 1 };

	fault_put_number(fault_directory(FAULT_SLAB), "probability", 0);
	fault_put_number(fault_directory(FAULT_PAGE), "probability", 0);
	fault_restrict(site->kind, &range);
	fault_put_number(fault_directory(site->kind), "probability", 100);
}

/** The whole module. */
static inline struct fault_range fault_module(void)
{
	unsigned long start = fault_section(".text");

	return (struct fault_range) { start, start + 0x100000 };
}

#endif /* FAULT_H */
