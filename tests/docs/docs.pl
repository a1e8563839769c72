# SPDX-License-Identifier: GPL-2.0-only
#
# What the tests in Perl share. Perl's own Test::More has dozens of files, which
# take ten seconds to load in a virtual machine.

use strict;
use warnings;

my ($count, $failed) = (0, 0);

sub read_file
{
	my ($path) = @_;

	open my $file, '<', $path or die "$path: $!";
	local $/;
	return scalar <$file>;
}

sub write_file
{
	my ($path, $text) = @_;

	open my $file, '>', $path or die "$path: $!";
	print $file $text;
	close $file or die "$path: $!";
}

# The test removes its scratch directories at its end, which must not change its exit status;
# its children do not.
my @scratch;
my $owner = $$;
END {
	local $?;
	system 'rm', '-rf', @scratch if @scratch && $$ == $owner;
}

sub scratch_directory
{
	chomp(my $dir = qx(mktemp -d));
	push @scratch, $dir;
	return $dir;
}

# Sorted, each once.
sub set
{
	my %seen = map { $_ => 1 } @_;

	return [sort keys %seen];
}

sub text_of
{
	my ($value) = @_;

	return ref $value ? join("\n", @$value) : $value;
}

# same(SEEN, EXPECTED, NAME): a test, which passes if both are the same: texts, or references to
# arrays of texts.
sub same
{
	my ($seen, $expected, $name) = (text_of($_[0]), text_of($_[1]), $_[2]);

	$count++;
	if ($seen eq $expected) {
		print "ok $count - $name\n";
		return;
	}
	$failed++;
	print "not ok $count - $name\n";
	print map { "# $_\n" } 'expected:', split(/\n/, $expected), 'seen:', split(/\n/, $seen);
}

sub skip
{
	my ($name, $reason) = @_;

	$count++;
	print "ok $count - $name # SKIP $reason\n";
}

sub done
{
	print "1..$count\n";
	exit($failed ? 1 : 0);
}

1;
