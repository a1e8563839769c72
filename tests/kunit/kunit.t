#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# Loads the module that contains the KUnit tests, whose file LOCKMGR_KUNIT_KO in
# the environment names, and prints their results as TAP: one test for each case, or for each
# parameter of a case. Unloads lockmgr first if it is loaded, so nothing may use it; when this
# ends, it is not loaded.

use strict;
use warnings;
use FindBin;

my $debugfs = '/sys/kernel/debug';
my $results = "$debugfs/kunit";
my $number = 0;
my $failed = 0;

$ENV{PATH} = "/usr/sbin:/sbin:$ENV{PATH}";
$| = 1;

sub result
{
	my ($ok, $name, @explanation) = @_;

	$number++;
	$failed = 1 if !$ok;
	print $ok ? 'ok' : 'not ok', " $number - $name\n";
	print "# $_\n" for $ok ? () : @explanation;
}

sub lines_of
{
	my $path = shift;

	open(my $file, '<', $path) or return;
	return map { chomp; $_ } <$file>;
}

# The suites that the sources have, so that a suite that is not linked, or not in the
# list of suites, does not go unnoticed.
sub suites
{
	my @suites;

	for my $source (glob("$FindBin::RealBin/*_test.c")) {
		my ($name) = map { /^\t\.name\s*=\s*"(\w+)"/ ? $1 : () } lines_of($source);
		push @suites, $name // die "$source: no suite\n";
	}
	return @suites;
}

# A case or a parameter has ended.
sub case_ended
{
	my ($ok, $name, $skipped, @explanation) = @_;

	result($ok && !defined $skipped, $name, defined $skipped ? 'skipped' : (), @explanation);
}

# Results of a suite. Their indentation shows what they belong to: parameters are in cases,
# and cases in the suite. KUnit explains a failure before it reports it.
sub suite
{
	my $suite = shift;
	my ($planned, $verdict, $cases, $parameters, @said) = (undef, '', 0, undef);
	my ($case);

	for my $line (lines_of("$results/$suite/results")) {
		if ($line =~ /^ {8}# Subtest: (\S+)/) {
			($case, $parameters) = ($1, 0);
		} elsif ($line =~ /^ {8}(not )?ok \d+ (.*?)(?: # SKIP(.*))?$/) {
			case_ended(!$1, "$suite: $case: $2", $3, splice @said);
			$parameters++;
		} elsif ($line =~ /^ {4}(not )?ok \d+ (.*?)(?: # SKIP(.*))?$/) {
			# Those with parameters are counted already.
			case_ended(!$1, "$suite: $2", $3, splice @said) if !$parameters;
			undef $parameters;
			$cases++;
		} elsif ($line =~ /^ {4}1\.\.(\d+)/) {
			$planned = $1;
		} elsif ($line =~ /^(not )?ok 1 \Q$suite\E/) {
			$verdict = $1 ? 'failed' : 'passed';
		} elsif ($line !~ /KTAP version|# Subtest:|1\.\.1$|(?:pass:\d+ fail:\d+)|\.speed:/) {
			push @said, $line =~ s/^\s*(?:# )?//r;
		}
	}
	my $sound = $cases && $verdict && $cases == ($planned // -1);

	result($sound, "$suite: every case ended", 'planned: ' . ($planned // 'nothing'),
	       "ended: $cases", "the suite: $verdict", @said);
}

my $module = $ENV{LOCKMGR_KUNIT_KO} // die "LOCKMGR_KUNIT_KO is not set\n";
my @suites = suites();

system('mount', '-t', 'debugfs', 'debugfs', $debugfs) if !-d "$debugfs/kunit";
-d $results or die "the kernel has no KUnit\n";
!-e '/sys/module/lockmgr' or system('rmmod', 'lockmgr') == 0 or die "the module is in use\n";
# insmod runs the tests; its success says nothing about their results.
system('insmod', $module) == 0 or die "$module cannot be loaded\n";
suite($_) for @suites;
# This fails if the tests have left an allocated id, or a thread.
result(system('rmmod', 'lockmgr') == 0, 'the module can be unloaded after the tests');
print "1..$number\n";
exit $failed;
