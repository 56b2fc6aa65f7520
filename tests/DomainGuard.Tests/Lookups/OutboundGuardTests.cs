using System.Net;
using CsCheck;
using DomainGuard.Core.Domains;
using DomainGuard.Lookups.Http;
using DomainGuard.Tests.Infrastructure;
using Microsoft.AspNetCore.Http;

namespace DomainGuard.Tests.Lookups;

/// <summary>Where outbound requests may go: redirects, schemes, private addresses, and who sees a key.</summary>
public sealed class OutboundGuardTests
{
    private const string Record = """{"objectClassName":"domain","ldhName":"sample.zz"}""";

    private static RequestDelegate Redirect(Func<HttpContext, string?> to, int status = 302) => context =>
    {
        if (to(context) is not { } location)
        {
            return context.Response.WriteAsync(Record);
        }

        context.Response.StatusCode = status;
        context.Response.Headers.Location = location;
        return Task.CompletedTask;
    };

    private static async Task<(Observation Observation, int Requests)> AskAsync(RequestDelegate answer)
    {
        await using var server = await LoopbackServer.StartAsync(answer);
        using var rig = new LookupRig(LookupRig.RdapAt(server.Url));
        var observation = await rig.AskAsync(SourceKind.Rdap);
        return (observation, server.Asked.Count);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task Redirects_are_followed(int status)
    {
        var (observation, requests) = await AskAsync(Redirect(c => c.Request.Path == "/moved" ? null : "/moved", status));
        Assert.Equal((Outcome.Answered, 2), (observation.Outcome, requests));
    }

    [Theory]
    [InlineData(5, true)]
    [InlineData(6, false)]
    public async Task Five_redirects_are_followed_and_no_sixth(int hops, bool answered)
    {
        var (observation, _) = await AskAsync(Redirect(c =>
        {
            var at = int.TryParse(c.Request.Path.Value!.AsSpan(1), out var n) ? n : 0;
            return at == hops ? null : $"/{at + 1}";
        }));
        Assert.Equal(answered ? FailureKind.None : FailureKind.RedirectRefused, observation.Failure);
    }

    [Theory]
    [InlineData("/domain/sample.zz")]
    [InlineData("http://192.0.2.1/")]
    [InlineData("https://127.0.0.1:1/")]
    [InlineData("https://localhost:1/")]
    [InlineData("https://2130706433:1/")]
    [InlineData("https://[::ffff:127.0.0.1]:1/")]
    [InlineData("https://169.254.169.254/latest/meta-data/")]
    [InlineData("https://10.0.0.1/")]
    [InlineData("https://[fd00::1]/")]
    [InlineData("ftp://example.org/x")]
    [InlineData("file:///etc/passwd")]
    [InlineData("//[::1")]
    public async Task Redirect_in_a_circle_or_to_where_nobody_may_go_is_not_followed(string to)
    {
        var (observation, requests) = await AskAsync(Redirect(_ => to));
        Assert.Equal(Outcome.Failure, observation.Outcome);
        // A Location that is no URL at all is an answer without a place to go to.
        Assert.Contains(observation.Failure, new[] { FailureKind.RedirectRefused, FailureKind.Refused });
        Assert.Equal(1, requests);
    }

    [Fact]
    public async Task Private_server_that_is_not_named_is_never_connected_to()
    {
        await using var server = new RawServer([]);
        foreach (var host in new[] { "127.0.0.1", "localhost", "[::ffff:127.0.0.1]" })
        {
            // Named with another port only: host and port count together.
            using var rig = new LookupRig(new() { ["Rdap:Enabled"] = "true", ["Rdap:Overrides:zz"] = $"https://{host}:{server.Port}/", ["AllowedPrivateHosts:0"] = "localhost:1" });
            var observation = await rig.AskAsync(SourceKind.Rdap);
            Assert.Equal(FailureKind.AddressRefused, observation.Failure);
            Assert.Contains("AllowedPrivateHosts", observation.Error, StringComparison.Ordinal);
        }

        Assert.Equal(0, server.Connections);
    }

    [Fact]
    public async Task Key_is_not_carried_along_with_a_redirect_to_another_server()
    {
        await using var stranger = await LoopbackServer.StartAsync(c => c.Response.WriteAsync("""{"domain":"sample.zz","status":"active"}"""));
        await using var own = await LoopbackServer.StartAsync(Redirect(c => c.Request.Path == "/second" ? $"{stranger.Url}third" : "/second"));
        using var rig = new LookupRig(new()
        {
            ["Fastly:Enabled"] = "true",
            ["Fastly:BaseUrl"] = own.Url.ToString(),
            ["Fastly:ApiKey"] = "secret",
            ["AllowedPrivateHosts:0"] = own.HostAndPort,
            ["AllowedPrivateHosts:1"] = stranger.HostAndPort,
        });
        var observation = await rig.AskAsync(SourceKind.Fastly);
        Assert.Equal(Outcome.Answered, observation.Outcome);
        Assert.Equal("secret", own.LastHeaders!["Fastly-Key"]);
        Assert.False(stranger.LastHeaders!.ContainsKey("Fastly-Key"));
        Assert.Equal("application/json", stranger.LastHeaders.Accept);
    }

    [Theory]
    [InlineData("0.0.0.0", true)]
    [InlineData("10.255.255.255", true)]
    [InlineData("100.64.0.1", true)]
    [InlineData("100.127.255.255", true)]
    [InlineData("100.128.0.1", false)]
    [InlineData("127.0.0.53", true)]
    [InlineData("169.254.169.254", true)]
    [InlineData("172.15.255.255", false)]
    [InlineData("172.16.0.1", true)]
    [InlineData("172.32.0.1", false)]
    [InlineData("192.0.0.8", true)]
    [InlineData("192.168.1.1", true)]
    [InlineData("198.18.0.1", true)]
    [InlineData("224.0.0.1", true)]
    [InlineData("255.255.255.255", true)]
    [InlineData("8.8.8.8", false)]
    [InlineData("::", true)]
    [InlineData("::1", true)]
    [InlineData("::ffff:10.0.0.1", true)]
    [InlineData("::ffff:8.8.8.8", false)]
    [InlineData("::10.0.0.1", true)]
    [InlineData("64:ff9b::a00:1", true)]
    [InlineData("2001::1", true)]
    [InlineData("2001:db8::1", true)]
    [InlineData("2002:a00:1::", true)]
    [InlineData("3fff::1", true)]
    [InlineData("fc00::1", true)]
    [InlineData("fe80::1%1", true)]
    [InlineData("fec0::1", true)]
    [InlineData("ff02::1", true)]
    [InlineData("2606:4700::1111", false)]
    public void Addresses_that_no_stranger_can_have_are_known(string address, bool isPrivate) => Assert.Equal(isPrivate, PrivateHosts.IsPrivate(IPAddress.Parse(address)));

    [Fact]
    public void Mapped_address_is_judged_as_the_one_it_carries() => Gen.Byte.Array[4].Sample(bytes =>
    {
        var plain = new IPAddress(bytes);
        return PrivateHosts.IsPrivate(plain) == PrivateHosts.IsPrivate(plain.MapToIPv6());
    });

    [Theory]
    [InlineData("localhost:8080", "http://localhost:8080/x", true)]
    [InlineData("LOCALHOST:8080", "http://localhost:8080/x", true)]
    [InlineData("localhost:8080", "http://localhost:8081/x", false)]
    [InlineData("10.0.0.5:443", "https://10.0.0.5/", true)]
    [InlineData("[::1]:8080", "http://[::1]:8080/", true)]
    [InlineData("bücher.example:443", "https://xn--bcher-kva.example/", true)]
    [InlineData("localhost:8080", "http://localhost:8080.evil.example/", false)]
    public void Allowed_hosts_are_host_and_port(string entry, string url, bool allowed)
    {
        var hosts = PrivateHosts.Parse([entry], out var bad);
        Assert.Empty(bad);
        Assert.Equal(allowed, Uri.TryCreate(url, UriKind.Absolute, out var uri) && hosts.Contains(uri));
    }
}
