#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# lockctl stats: what the module counts, for people, programs and Prometheus.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/cli/cli.pl';
}
our ($lockctl);

need_device();

my $space = new_space('stats', '--capacity', 16);
my $place = "0:$space";
my $files = '/sys/class/misc/lockmgr/spaces';
my @keys = qw(space contentions handoffs holder_deaths deadlocks);

sub row
{
	return (grep { $_->{space} eq $place } @{rows('stats', @_)})[0];
}

# A holder dies, and so does the waiter that inherits its lock; then two waits for another lock time
# out.
sub make_history
{
	my $holder = start_holder('root', 'holder', $place, 1);
	my $waiter = start_waiter('root', 'waiter', $place, 1);

	Time::HiRes::usleep(300000);
	end($holder);
	hear($waiter, 'inherited 1');
	end($waiter);
	start_holder('root', 'keeper', $place, 2);
	same(lockctl('run', '--timeout', 0.1, $space, 2, '--', 'true')->{status}, 1, 'a_wait_times_out') for 1 .. 2;
	must('allocate', $space, 3, 4, 5);
}

sub test_counts
{
	same(fields([row($space)], @keys, 'longest_wait_seconds'), ["$place 0 0 0 0 0"],
	     'nothing_has_happened_in_a_new_space');
	make_history();
	my $row = row($space);
	same(fields([$row], qw(contentions holder_deaths deadlocks)), ['3 2 0'], 'waits_and_deaths_are_counted');
	same([map { $row->{$_} } @keys[1 .. 4]], [map { 0 + read_file("$files/$place/stats/$_") } @keys[1 .. 4]],
	     'counts_are_those_in_sysfs');
	same($row->{longest_wait_seconds} >= 0.3 && $row->{longest_wait_seconds} < 300 ? 'yes' :
	     $row->{longest_wait_seconds}, 'yes', 'the_longest_wait_is_in_seconds');
	same(fields([row()], @keys), fields([$row], @keys), 'stats_without_a_space_shows_all');
	same(scalar @{rows('stats', $space)}, 1, 'stats_of_a_space_shows_only_that_one');
	matches(squeezed(must('stats', $space)),
		qr/\ASPACE CONTENTIONS HANDOFFS HOLDER DEATHS DEADLOCKS LONGEST WAIT\n ?$space 3 \d+ 2 0 \d+\.\ds\n\z/,
		'stats_prints_a_table_for_people');
}

# Prometheus' text format: each metric's help and type once, then its samples.
sub test_prometheus
{
	my $other = new_space('other', '--capacity', 7);
	my $text = must('stats', '--prometheus');
	my $one = must('stats', '--prometheus', $space);
	my ($metric, %seen, @wrong);

	for my $line (split(/\n/, $text)) {
		if ($line =~ /^# HELP (lockmgr_[a-z_]+) [A-Z].*\.$/ && !$seen{$1}++) {
			$metric = $1;
		} elsif ($line =~ /^# TYPE (\S+) (gauge|counter)$/) {
			push @wrong, $line if $1 ne $metric || ($2 eq 'counter') != ($1 =~ /_total$/);
		} else {
			push @wrong, $line if $line !~ /^\Q$metric\E\{space="[\w.-]+",uid="\d+"\} \d+(?:\.\d{9})?$/;
		}
	}
	same(\@wrong, [], 'the_format_is_that_of_prometheus');
	same(scalar(keys %seen), 10, 'prometheus_has_all_metrics');
	same([map { value($text, $_, $space) } qw(capacity allocated held waiting clients contentions_total
		holder_deaths_total deadlocks_total)], [16, 3, 1, 0, 1, 3, 2, 0], 'metrics_have_the_values_of_the_space');
	same(value($text, 'longest_wait_seconds', $space) =~ s/(\.\d{3}).*/$1/r,
	     sprintf('%.3f', row($space)->{longest_wait_seconds}), 'prometheus_times_are_seconds');
	same(value($text, 'capacity', $other), 7, 'every_space_has_its_samples');
	lacks($one, qr/$other/, 'prometheus_of_a_space_has_no_other');
	same(value($one, 'capacity', $space), 16, 'prometheus_of_a_space_has_that_one');
}

sub value
{
	my ($text, $metric, $of) = @_;

	return $text =~ /^lockmgr_space_$metric\{space="\Q$of\E",uid="0"\} (\S+)$/m ? $1 : 'none';
}

sub test_refused
{
	fails(lockctl('stats', "x$space"), 66, qr/no such space$/, 'missing_space_is_refused');
	fails(lockctl('stats', '--prometheus', '--json'), 64, qr/exclude each other/, 'prometheus_and_json_exclude_each_other');
	fails(run_as('root', '', 'unshare', '--mount', 'sh', '-c',
		     'mount -t tmpfs none /sys && exec "$@"', 'sh', $lockctl, 'stats', $space),
	      69, qr/^lockctl: cannot read the statistics of space $space: they are in /, 'stats_without_sysfs_says_so');
}

# A user sees only the spaces that this user may read.
sub test_users
{
	my $open = "open-$$";

	same(lockctl_as('daemon', 'create', '--mode', '0604', $open)->{status}, 0, 'daemon_creates_a_space');
	forget_space("1:$open");
	same([map { $_->{space} } grep { $_->{space} =~ /-$$\z/ } @{rows_as('games', 'stats')}], ["1:$open"],
	     'stats_shows_a_user_what_this_user_may_read');
}

# In a user namespace where daemon is root, daemon's space is 0:NAME; but in sysfs it is 1:NAME, and
# 0:NAME is the space of the real root.
sub test_namespace
{
	my $same = new_space('same', '--mode', '0644');

	same(lockctl_as('daemon', 'create', $same)->{status}, 0, 'daemon_creates_a_space_of_the_same_name');
	forget_space("1:$same");
	fails(run_as('daemon', '', 'unshare', '--user', '--map-root-user', $lockctl, 'stats', $same), 69,
	      qr/^lockctl: cannot read the statistics of space $same: they are in /,
	      'counts_of_another_space_are_not_shown');
}

test_counts();
test_prometheus();
test_refused();
test_users();
test_namespace();
done();
