#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# lockmgr(7), PATTERNS: the program for renumbering does what the page says. It needs functions
# of a store, which are not on the page; here they are.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/docs/docs.pl';
	require './tests/man/man.pl';
}

my $dir = scratch_directory();
my %examples = examples('lockmgr.7');

# This program prints one line for each test: its name, and yes or no. The store has two objects.
write_file("$dir/store.c", <<'END');
#include <lockmgr.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int open_space(struct lockmgr **mgr, const char *space);

static const uint32_t ids[] = { 3, 5 };
static uint64_t generation;
static int checks, failing_checks, sets;
static char space[64];

uint64_t store_generation(void)
{
	return generation;
}

void store_set_generation(uint64_t new_generation)
{
	generation = new_generation;
	sets++;
}

bool store_next(size_t *place, uint32_t *id, const char **note)
{
	if (*place == 2)
		return false;
	*note = *place ? "object two" : "object one";
	*id = ids[(*place)++];
	return true;
}

int store_check(void)
{
	checks++;
	return failing_checks ? -5 : 0;
}

static void is(const char *name, bool good)
{
	printf("%s %s\n", name, good ? "yes" : "no");
}

static bool has_ids(struct lockmgr *mgr)
{
	return lockmgr_retrieve(mgr, 0) == 1 && lockmgr_retrieve(mgr, 3) == 1 &&
	       lockmgr_retrieve(mgr, 5) == 1 && lockmgr_retrieve(mgr, 1) == 0;
}

/* Opens the space as the page does; returns whether all ids are allocated afterwards. */
static bool opens(void)
{
	struct lockmgr *mgr;
	bool good;

	if (open_space(&mgr, space))
		return false;
	good = has_ids(mgr);
	lockmgr_close(mgr);
	return good;
}

static void test_allocation(void)
{
	struct lockmgr *mgr;
	uint32_t id = 0;

	if (open_space(&mgr, space))
		return;
	is("allocation_returns_no_fixed_id", !lockmgr_allocate(mgr, &id) && id == 1);
	lockmgr_free(mgr, id);
	lockmgr_close(mgr);
}

static void test_half_done(void)
{
	struct lockmgr *mgr;
	const int sets_before = sets;

	lockmgr_unlink(space, NULL);
	if (lockmgr_open(&mgr, space, NULL) || lockmgr_allocate_id(mgr, 0) ||
	    lockmgr_allocate_id(mgr, 3) || lockmgr_lock(mgr, 0))
		return;
	/* Without unlocking lock 0. */
	lockmgr_close(mgr);
	is("what_is_half_done_is_done_again", opens() && sets == sets_before + 1);
}

static void test_failure(void)
{
	const uint64_t before = generation;
	struct lockmgr *mgr;

	lockmgr_unlink(space, NULL);
	failing_checks = 1;
	is("a_store_that_is_damaged_is_not_renumbered",
	   open_space(&mgr, space) == -5 && generation == before);
	failing_checks = 0;
	is("the_lock_is_free_after_that", opens() && generation != before);
}

static void test_death(void)
{
	struct lockmgr *mgr;
	int before;

	if (lockmgr_open(&mgr, space, NULL) || lockmgr_lock(mgr, 0))
		return;
	lockmgr_close(mgr);
	before = checks;
	is("the_store_is_checked_after_a_death", opens() && checks == before + 1);
}

int main(void)
{
	uint64_t first;

	snprintf(space, sizeof(space), "patterns-%d", getpid());
	is("ids_are_allocated_in_a_new_space", opens() && sets == 1);
	first = generation;
	is("but_once_only", opens() && sets == 1 && generation == first);
	lockmgr_unlink(space, NULL);
	is("they_are_allocated_anew_in_another_space", opens() && sets == 2 && generation != first);
	test_allocation();
	test_half_done();
	test_failure();
	test_death();
	lockmgr_unlink(space, NULL);
	return 0;
}
END

my @wanted = qw(ids_are_allocated_in_a_new_space but_once_only
	they_are_allocated_anew_in_another_space allocation_returns_no_fixed_id
	what_is_half_done_is_done_again a_store_that_is_damaged_is_not_renumbered
	the_lock_is_free_after_that the_store_is_checked_after_a_death);

write_file("$dir/renumber.c", $examples{'renumber.c'});
same(scalar qx(cc -Wall -Wextra -Werror -Iinclude -o '$dir/run' '$dir/store.c' '$dir/renumber.c' \\
	build/lib/liblockmgr.a -pthread 2>&1), '', 'it_compiles_with_a_store');
if (-c '/dev/lockmgr') {
	my %seen = map { split } split /\n/, qx('$dir/run' 2>&1);

	same($seen{$_} // 'not tried', 'yes', $_) for @wanted;
} else {
	skip($_, 'there is no /dev/lockmgr') for @wanted;
}
done();
