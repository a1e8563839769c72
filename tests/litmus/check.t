#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# Checks each *.litmus here in the kernel's memory model, and those in library/ in that of C11
# (as RC11 mended it): what its "exists" describes must be impossible, and must be possible when
# a barrier is taken away. A line with such a barrier ends with "// without:", followed by what
# takes its place, if anything. If a test has several barriers, they have names, as in "// without
# the acquire:"; those of the same name are taken away together.
#
# The program is the one that HERD7 in the environment names, or that of tests/vm/herd; the
# model is the directory that LOCKMGR_MEMORY_MODEL names, or that of tests/vm/source-parts.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Temp;

my $here = abs_path(($0 =~ m{(.*)/})[0]);

# said(SCRIPT): the line that a script of tests/vm prints.
sub said
{
	my ($script) = @_;

	chomp(my $line = `$here/../vm/$script`);
	die "tests/vm/$script failed\n" if $?;
	return $line;
}

sub read_file
{
	my ($path) = @_;

	open(my $file, '<', $path) or die "$path: $!";
	return <$file>;
}

# weakened(NAME, LINE...): the lines of a test, without the barriers of this name. The name can
# be empty; if it is undefined, all barriers stay.
sub weakened
{
	my ($name, @lines) = @_;

	return map {
		s{^(\s*).*// without\Q$name\E:\s*(.*)$}{$1$2} if defined $name;
		s{\s*// without.*}{};
		$_;
	} @lines;
}

# verdict(COMMAND, LINE...): how often the program finds what the test describes: "Never",
# "Sometimes" or "Always"; or its output if it fails.
sub verdict
{
	my ($command, @lines) = @_;
	my $test = File::Temp->new(SUFFIX => '.litmus');
	my ($output, $answer);

	print $test @lines;
	close $test;
	$output = `$command '$test' 2>&1`;
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

# check(COMMAND, PATH)
sub check
{
	my ($command, $path) = @_;
	my ($name) = $path =~ m{([^/]+)\.litmus$};
	my @lines = read_file($path);
	my %barriers = map { $_ => 1 } map { m{// without(.*?):} ? $1 : () } @lines;

	same(verdict($command, weakened(undef, @lines)), 'Never', $name);
	for my $barrier (sort keys %barriers) {
		same(verdict($command, weakened($barrier, @lines)), 'Sometimes',
		     "$name without" . ($barrier || ' it'));
	}
}

my $herd = $ENV{HERD7} || said('herd');
my $directory = $ENV{LOCKMGR_MEMORY_MODEL} || said('source-parts') . '/tools/memory-model';

check("cd '$directory' && '$herd' -conf linux-kernel.cfg", $_) for sort glob "$here/*.litmus";
check("'$herd' -model rc11.cat", $_) for sort glob "$here/library/*.litmus";
print "1..$number\n";
exit $failed;
