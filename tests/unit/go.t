#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# The Go packages without the module: they build for every architecture that they support;
# gofmt, vet and staticcheck find nothing; and they have all numbers and layouts of the header,
# as the C compilers of three architectures see them.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/docs/docs.pl';
}

my $source = 'libuser/go';
my $header = 'include/uapi/linux/lockmgr.h';
my $dir = scratch_directory();
mkdir "$dir/c" or die;

# By Go's name of each architecture: the command that compiles C to assembly.
my %compilers = (
	amd64 => 'gcc -S',
	386 => 'gcc -m32 -S',
	# The compiler proper (cc1), since Debian's gcc for arm64 cannot be installed beside
	# gcc-multilib, which -m32 needs. It must be told where the headers are.
	arm64 => (glob '/usr/lib/gcc-cross/aarch64-linux-gnu/*/cc1')[-1] .
		' -quiet -isystem /usr/aarch64-linux-gnu/include',
);
my @others = qw(arm loong64 riscv64 s390x);

chomp(my $top = qx(pwd));
my $env = "$top/tests/go/with-env";

# said(COMMAND): its output, and its wait status if it failed.
sub said
{
	my ($command) = @_;
	my $output = qx($command 2>&1);

	return $output . ($? ? "ended with $?" : '');
}

# LOCKMGR_LOCK_TRY is called lockTry in Go; map_size is called mapSize.
sub go_name
{
	my ($name) = @_;

	$name = lc $name =~ s/^lockmgr_//ir;
	return $name =~ s/_(\w)/uc $1/ger;
}

# The header's numbers, and the sizes and offsets of its structs and fields: for each
# expression in C, the same in Go.
sub facts
{
	my ($text) = @_;
	my %facts;

	$text =~ s{/\*.*?\*/}{}gs;
	for my $name ($text =~ /^#define\s+(LOCKMGR_\w+)[ \t]+\S/gm) {
		$facts{$name} = go_name($name);
	}
	while ($text =~ /^struct (lockmgr_\w+) \{(.*?)^\}/gms) {
		my ($struct, $body) = ($1, $2);
		my $type = go_name($struct);

		$facts{"sizeof(struct $struct)"} = "unsafe.Sizeof($type\{})";
		for my $field ($body =~ /(\w+)(?:\[\w+\])?;/g) {
			my $member = go_name($field);

			$facts{"offsetof(struct $struct, $field)"} =
				"unsafe.Offsetof($type\{}.$member)";
			$facts{"sizeof(((struct $struct *)0)->$field)"} =
				"unsafe.Sizeof($type\{}.$member)";
		}
	}
	return %facts;
}

# The values of C expressions, as unsigned 64-bit numbers.
sub values_in_c
{
	my ($arch, @expressions) = @_;
	my $lines = join '', map { "\tVALUE($_, $expressions[$_])\n" } 0 .. $#expressions;

	write_file("$dir/c/values.c", <<"END" =~ s/^\t//gmr);
	#include <linux/lockmgr.h>
	#define offsetof(type, member) __builtin_offsetof(type, member)
	#define VALUE(n, x) unsigned long long value_##n = (x);
	$lines
END
	my $problem = said("$compilers{$arch} -O1 -Iinclude/uapi -o $dir/c/values.s $dir/c/values.c");
	return $problem if $problem;

	my ($symbol, %values) = ('');
	for (split /\n/, read_file("$dir/c/values.s")) {
		$symbol = $1 if /^value_(\d+):/;
		push @{$values{$symbol}}, $2 if /^\s+\.(quad|xword|long|word)\s+(-?\d+)/;
	}
	my %found;
	for my $n (0 .. $#expressions) {
		my @parts = @{$values{$n} // [0]};

		# Compilers of 32-bit architectures may write two halves. For a value of 0 there is
		# none of these lines, but one that says how many zero bytes there are.
		$found{$expressions[$n]} = @parts == 2 ?
			($parts[0] & 0xffffffff) | ($parts[1] & 0xffffffff) << 32 : $parts[0];
	}
	return \%found;
}

sub test_layouts
{
	my ($arch) = @_;
	my %facts = facts(read_file($header));
	my @expressions = sort keys %facts;
	my $values = values_in_c($arch, @expressions);
	my $name = "numbers_and_layouts_are_the_header_s_on_$arch";

	return same($values, '', $name) if !ref $values;

	# Where a value differs, one of the two arrays has a negative length, which does not
	# compile.
	my $text = "package lockmgr\n\nimport \"unsafe\"\n\nvar _ = unsafe.Sizeof(0)\n";
	for my $expression (@expressions) {
		my $value = sprintf '%u', $values->{$expression};

		$text .= "var _ [$facts{$expression} - $value]struct{} // $expression\n" .
			"var _ [$value - $facts{$expression}]struct{}\n";
	}
	system "cp $source/*.go $source/*.s $source/go.mod $dir/ && rm -f $dir/*_test.go" and die;
	write_file("$dir/layout.go", $text);
	same(said("cd $dir && GOARCH=$arch $env go build -gcflags=-e ."), '', $name);
	unlink "$dir/layout.go";
}

sub like
{
	my ($seen, $pattern, $name) = @_;

	same($seen =~ $pattern ? '' : $seen, '', $name);
}

same(said("gofmt -l $source"), '', 'gofmt_agrees');
same(said("cd $source && $env go vet ./..."), '', 'vet_finds_nothing');
same(said("cd $source && $env go-staticcheck ./..."), '', 'staticcheck_finds_nothing');
same(said("cd $source && GOARCH=$_ $env go vet ./..."), '', "it_builds_for_$_")
	for sort keys %compilers, @others;
test_layouts($_) for sort keys %compilers;
same(said('make --silent -C tests/bench ../../build/bench/go/bench'), '', 'the_bench_builds');
like(said('build/bench/go/bench'), qr/at most 0\.5: met/,
     'a_lock_and_unlock_takes_at_most_half_as_long_as_podman_s_own');
done();
