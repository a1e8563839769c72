#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# Each *.litmus here, in the kernel's memory model: what it says exists must be impossible,
# and possible without a barrier. A line with such a barrier ends with "// without:",
# followed by what takes its place, if anything. Several barriers have names, as in
# "// without the acquire:"; those of the same name are taken away together.
#
# Needs herd7 (Debian's package herdtools7, since forky) or the program that HERD7 in the
# environment names; and the model, which is tools/memory-model of a kernel's source, as
# LOCKMGR_MEMORY_MODEL names it or tests/vm/kernel has unpacked it. Skipped otherwise.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Temp;

my $here = abs_path(($0 =~ m{(.*)/})[0]);
my $cache = ($ENV{XDG_CACHE_HOME} || ($ENV{HOME} // '') . '/.cache') . '/lockmgr/kernels';

sub herd
{
	return $ENV{HERD7} if $ENV{HERD7};
	return (grep { -x } map { "$_/herd7" } split /:/, $ENV{PATH})[0];
}

sub model
{
	my @roots = ("$cache/*/*/linux-source-*", "$cache/*/*", '/usr/src/linux-source-*');

	return (grep { -e "$_/linux-kernel.cfg" } $ENV{LOCKMGR_MEMORY_MODEL} // (),
		map { glob "$_/tools/memory-model" } @roots)[0];
}

sub read_file
{
	my ($path) = @_;

	open(my $file, '<', $path) or die "$path: $!";
	return <$file>;
}

# The lines of a test, without the barriers of this name.
sub weakened
{
	my ($name, @lines) = @_;

	return map {
		s{^(\s*).*// without\Q$name\E:\s*(.*)$}{$1$2} if defined $name;
		s{\s*// without.*}{};
		$_;
	} @lines;
}

# "Never", "Sometimes" or "Always", or what went wrong.
sub verdict
{
	my ($herd, $model, @lines) = @_;
	my $test = File::Temp->new(SUFFIX => '.litmus');
	my ($output, $answer);

	print $test @lines;
	close $test;
	$output = `cd '$model' && '$herd' -conf linux-kernel.cfg '$test' 2>&1`;
	($answer) = $output =~ /^Observation \S+ (\w+)/m;
	return $answer // $output;
}

my $number = 0;
my $failed = 0;

sub same
{
	my ($is, $wanted, $name) = @_;

	$number++;
	$failed = 1 if $is ne $wanted;
	print $is eq $wanted ? 'ok' : 'not ok', " $number - $name\n";
	print "# expected $wanted, seen:\n", map { "# $_\n" } split /\n/, $is if $is ne $wanted;
}

my $herd = herd();
my $model = model();
if (!$herd || !$model) {
	print '1..0 # SKIP ', $herd ? 'no tools/memory-model of a kernel\'s source'
				    : 'no herd7 (package herdtools7)', "\n";
	exit 0;
}

for my $path (sort glob "$here/*.litmus") {
	my ($name) = $path =~ m{([^/]+)\.litmus$};
	my @lines = read_file($path);
	my %barriers = map { $_ => 1 } map { m{// without(.*?):} ? $1 : () } @lines;

	same(verdict($herd, $model, weakened(undef, @lines)), 'Never', $name);
	for my $barrier (sort keys %barriers) {
		same(verdict($herd, $model, weakened($barrier, @lines)), 'Sometimes',
		     "$name without" . ($barrier || ' it'));
	}
}
print "1..$number\n";
exit $failed;
