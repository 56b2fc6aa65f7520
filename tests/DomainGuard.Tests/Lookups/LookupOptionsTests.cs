using DomainGuard.Lookups;
using DomainGuard.Lookups.Dns;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace DomainGuard.Tests.Lookups;

public sealed class LookupOptionsTests
{
    private static LookupOptions Bind(params (string Key, string Value)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value))).Build().Get<LookupOptions>() ?? new LookupOptions();

    private static string[] Problems(params (string Key, string Value)[] settings) => [.. new LookupOptionsValidator().Validate(null, Bind(settings)).Failures ?? []];

    [Fact]
    public void Defaults_are_in_order() => Assert.Empty(Problems());

    [Fact]
    public void Names_of_the_configuration_bind()
    {
        var options = Bind(
            ("AllowedPrivateHosts:0", "localhost:8080"),
            ("Rdap:Overrides:de", "http://localhost:8080/"),
            ("Lanes:Default:PerSecond", "1.5"),
            ("Lanes:Default:InFlight", "4"),
            ("Lanes:Hosts:0:Host", "rdap.example:8443"),
            ("Lanes:Hosts:0:PerSecond", "10"),
            ("Lanes:Hosts:0:InFlight", "5"),
            ("Dns:Servers:0", "127.0.0.1:5353"));
        Assert.True(new LookupOptionsValidator().Validate(null, options).Succeeded);
        Assert.Equal((1.5, 4), (options.Lanes.Of("other.example").PerSecond, options.Lanes.Of("other.example").InFlight));
        Assert.Equal((10, 5), (options.Lanes.Of("RDAP.example:8443").PerSecond, options.Lanes.Of("rdap.example:8443").InFlight));
        Assert.Equal("http://localhost:8080/", options.Rdap.Overrides["DE"]);
    }

    [Fact]
    public void Limits_are_one_a_second_and_two_in_flight_where_nothing_is_said()
    {
        var limit = Bind().Lanes.Of("rdap.example");
        Assert.Equal((1, 2), (limit.PerSecond, limit.InFlight));
    }

    [Fact]
    public void Everything_that_is_wrong_is_said_at_once_with_its_key()
    {
        var problems = Problems(
            ("AllowedPrivateHosts:0", "localhost"),
            ("Rdap:BootstrapUrl", "ftp://data.iana.org/"),
            ("Rdap:Overrides:de", "http://rdap.example/"),
            ("Rdap:Overrides:co.uk", "https://rdap.example/"),
            ("Fastly:Enabled", "true"),
            ("Domainr:Enabled", "true"),
            ("Domainr:ClientId", "with space"),
            ("Dns:Servers:0", "resolver.example"),
            ("Lanes:Default:PerSecond", "0"),
            ("Lanes:Hosts:0:Host", "https://rdap.example/"),
            ("Lanes:Hosts:0:InFlight", "0"),
            ("Lanes:Hosts:1:Host", ""),
            ("Lanes:Hosts:2:Host", "a.example"),
            ("Lanes:Hosts:3:Host", "A.example"));
        string[] keys =
        [
            "AllowedPrivateHosts", "Rdap:BootstrapUrl", "Rdap:Overrides:de", "Rdap:Overrides:co.uk", "Fastly:ApiKey", "Domainr:ClientId", "Dns:Servers",
            "Lanes:Default:PerSecond", "Lanes:Hosts:0:Host", "Lanes:Hosts:0:InFlight", "Lanes:Hosts:1:Host", "Lanes:Hosts:3:Host",
        ];
        Assert.All(keys, key => Assert.Single(problems, p => p.StartsWith($"DomainGuard:Lookups:{key}", StringComparison.Ordinal)));
        Assert.Equal(keys.Length, problems.Length);
        Assert.DoesNotContain(problems, p => p.Contains("with space", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("NaN")]
    [InlineData("-1")]
    [InlineData("1000001")]
    public void Rate_outside_its_bounds_is_refused(string perSecond) => Assert.Single(Problems(("Lanes:Default:PerSecond", perSecond)));

    [Fact]
    public void No_source_at_all_is_refused() => Assert.Single(Problems(("Rdap:Enabled", "false"), ("Dns:Enabled", "false")));

    [Fact]
    public void Source_that_is_off_needs_nothing() => Assert.Empty(Problems(("Fastly:BaseUrl", "nonsense"), ("Rdap:Enabled", "false"), ("Rdap:BootstrapUrl", "nonsense")));

    [Fact]
    public void Nothing_is_asked_with_a_wrong_configuration()
    {
        using var rig = new LookupRig(new() { ["Rdap:Enabled"] = "true", ["Rdap:Overrides:zz"] = "http://rdap.example/" });
        Assert.Throws<OptionsValidationException>(() => rig.Lookup);
    }

    [Theory]
    [InlineData("192.0.2.53", "192.0.2.53:53")]
    [InlineData("192.0.2.53:5353", "192.0.2.53:5353")]
    [InlineData("2001:db8::53", "[2001:db8::53]:53")]
    [InlineData("[2001:db8::53]:5353", "[2001:db8::53]:5353")]
    [InlineData("192.0.2.53:0", null)]
    [InlineData("192.0.2.53:99999", null)]
    [InlineData("[2001:db8::53]", "[2001:db8::53]:53")]
    [InlineData("resolver.example:53", null)]
    [InlineData("53", null)]
    [InlineData("", null)]
    public void Resolvers_are_addresses_with_an_optional_port(string text, string? expected) =>
        Assert.Equal(expected, DnsSource.TryParseServer(text, out var server) ? server.ToString() : null);
}
