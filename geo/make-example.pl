#!/usr/bin/perl
# Makes example.mmdb from example.csv, in the layout of GeoLite2-City. Needs libmaxmind-db-writer-perl.
# usage: geo/make-example.pl
use strict;
use warnings;
use FindBin qw($Bin);
use MaxMind::DB::Writer::Tree;

my %types = (
    continent => 'map', country => 'map', location => 'map',
    code => 'utf8_string', iso_code => 'utf8_string', latitude => 'double', longitude => 'double',
);
my $tree = MaxMind::DB::Writer::Tree->new(
    ip_version => 6, record_size => 24, database_type => 'Example-City', languages => ['en'],
    description => { en => 'Made-up places of private and documentation networks' },
    map_key_type_callback => sub { $types{ $_[0] } }, remove_reserved_networks => 0,
);
open my $in, '<', "$Bin/example.csv" or die "example.csv: $!\n";
while (my $line = <$in>) {
    next if $line =~ /^(#|\s*$)/;
    chomp $line;
    my ($network, $continent, $country, $latitude, $longitude) = split /,/, $line, -1;
    my %record = (continent => { code => $continent }, country => { iso_code => $country });
    $record{location} = { latitude => $latitude, longitude => $longitude } if length $latitude;
    $tree->insert_network($network, \%record);
}
open my $out, '>:raw', "$Bin/example.mmdb" or die "example.mmdb: $!\n";
$tree->write_tree($out);
close $out or die "example.mmdb: $!\n";
