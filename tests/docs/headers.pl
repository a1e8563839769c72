# SPDX-License-Identifier: GPL-2.0-only
#
# What headers and sources declare, for tests that compare other texts with them.

use strict;
use warnings;

sub one_line
{
	my ($text) = @_;

	return join ' ', split ' ', $text;
}

# Each function of the library's header: its name, its declaration, its parameters, and the
# comment directly above it.
sub functions
{
	my ($header) = @_;
	my @functions;

	while ($header =~ m%(?:(/\*\*(?:(?!\*/).)*\*/)\n)?
			    ^(\w[\w\s*]*?\b(lockmgr_\w+)\(([^;{]*)\));%gsmx) {
		push @functions, {
			comment => $1 // '', declaration => $2, name => $3, parameters => $4,
		};
	}
	return @functions;
}

# The errors that a comment explains, each at the beginning of a line: with a minus sign in the
# library's header, without one in the module's.
sub errors_in
{
	my ($comment) = @_;
	my $error = qr{-?E[A-Z0-9]+};

	return map { /[A-Z0-9]+/g } $comment =~ /^ \*   ($error(?:, $error)*)\s/gm;
}

# The comment of a header that begins with these words.
sub comment_of
{
	my ($header, $title) = @_;

	return $header =~ m{^ \* \Q$title\E(.*?)\*/}ms ? $1 : die "no comment '$title'";
}

# By name: each struct as one line without comments.
sub structs
{
	my ($text) = @_;
	my %structs;

	$text =~ s{/\*.*?\*/}{}gs;
	while ($text =~ /^\s*(struct (\w+) \{.*?^\s*\};)/gsm) {
		$structs{$2} = one_line($1);
	}
	return %structs;
}

# Names of constants, without the header's include guard.
sub constants
{
	my ($header) = @_;

	return grep { !/_H$/ } $header =~ /^#define\s+(\w+)/gm;
}

# The parameters of the module: "name default" of each, sorted.
sub module_limits
{
	my ($most) = read_file('include/uapi/linux/lockmgr.h') =~ /CAPACITY_MAX\s+(\d+)/;
	my %limits = read_file('kmod/quota.c') =~ /^\t\.(\w+)\s*= ([\w *]+),$/gm;

	for my $value (values %limits) {
		my $product = 1;

		$product *= $_ eq 'LOCKMGR_CAPACITY_MAX' ? $most : $_ for split / \* /, $value;
		$value = $product;
	}
	return [map { "$_ $limits{$_}" } sort keys %limits];
}

1;
