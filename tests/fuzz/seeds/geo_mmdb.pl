#!/usr/bin/perl
# Writes the seeds of the fuzz target geo_mmdb, one file a layout.
use strict; use warnings;
use MaxMind::DB::Writer::Tree;
my %types = (
    city => 'map', continent => 'map', country => 'map', registered_country => 'map', location => 'map', names => 'map', traits => 'map',
    code => 'utf8_string', iso_code => 'utf8_string', en => 'utf8_string', latitude => 'double', longitude => 'double',
    autonomous_system_number => 'uint32', autonomous_system_organization => 'utf8_string',
    country_code => 'utf8_string', continent_code => 'utf8_string', loc => 'utf8_string', asn => 'utf8_string', lat => 'float', lng => 'float',
);
my $folder = shift or die "usage: geo_mmdb.pl FOLDER\n";
sub seed {
    my ($name, $version, $size, %nets) = @_;
    my $tree = MaxMind::DB::Writer::Tree->new(
        ip_version => $version, record_size => $size, database_type => "Test-$name", languages => ['en'],
        description => { en => $name }, map_key_type_callback => sub { $types{ $_[0] } },
        remove_reserved_networks => 0, ($version == 6 ? (alias_ipv6_to_ipv4 => 1) : ()),
    );
    $tree->insert_network($_, $nets{$_}) for sort keys %nets;
    open my $out, '>:raw', "$folder/$name" or die $!;
    $tree->write_tree($out);
}
my %city = (
    city => { names => { en => 'London' } }, continent => { code => 'EU', names => { en => 'Europe' } },
    country => { iso_code => 'GB' }, location => { latitude => 51.5, longitude => -0.1 },
);
seed('city', 6, 28, '10.0.0.0/8' => \%city, '2001:db8::/32' => { registered_country => { iso_code => 'SG' } });
seed('country', 4, 24, '10.0.0.0/8' => { country => { iso_code => 'US' }, continent => { code => 'NA' } });
seed('asn', 6, 24, '10.1.0.0/16' => { autonomous_system_number => 64500, autonomous_system_organization => 'Example' });
seed('flat', 4, 32, '10.0.0.0/9' => { country_code => 'DE', lat => 50.1, lng => 8.7 }, '10.200.0.0/16' => { loc => '1.3,103.8', asn => 'AS64500' });
