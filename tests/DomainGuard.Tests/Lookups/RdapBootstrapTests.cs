using System.Text;
using DomainGuard.Lookups.Rdap;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.TestSupport;
using Microsoft.AspNetCore.Http;

namespace DomainGuard.Tests.Lookups;

/// <summary>Which server knows a TLD (RFC 9224): shipped copy, last good copy, daily refresh, override table.</summary>
public sealed class RdapBootstrapTests
{
    private const string Small = """{"version":"1.0","services":[[["com","net"],["http://plain.example/","https://rdap.example/v1"]]]}""";

    private sealed class Store : IBootstrapStore
    {
        public BootstrapFile? File { get; set; }

        public Task<BootstrapFile?> ReadAsync(CancellationToken cancel) => Task.FromResult(File);

        public Task WriteAsync(BootstrapFile file, CancellationToken cancel)
        {
            File = file;
            return Task.CompletedTask;
        }
    }

    private static LookupRig Rig(Uri? server = null, params (string Key, string Value)[] more)
    {
        var settings = new Dictionary<string, string?> { ["Rdap:Enabled"] = "true" };
        if (server is not null)
        {
            settings["Rdap:BootstrapUrl"] = server + "rdap/dns.json";
            settings["AllowedPrivateHosts:0"] = $"{server.Host}:{server.Port}";
        }

        foreach (var (key, value) in more)
        {
            settings[key] = value;
        }

        return new LookupRig(settings);
    }

    private static async Task<RdapBootstrap> LoadedAsync(LookupRig rig, string json)
    {
        await rig.Bootstrap.LoadAsync(new Store { File = new BootstrapFile(Encoding.UTF8.GetBytes(json), null, LookupRig.Now) }, TestContext.Current.CancellationToken);
        return rig.Bootstrap;
    }

    private static async Task<string?> RefreshAsync(LookupRig rig, Store store) => await rig.Bootstrap.RefreshAsync(store, LookupRig.Now, TestContext.Current.CancellationToken);

    [Theory]
    [InlineData("example.com", "https://rdap.verisign.com/com/v1/")]
    [InlineData("example.co.uk", "https://rdap.nominet.uk/uk/")]
    [InlineData("example.de", "https://rdap.denic.de/")]
    [InlineData("example.io", "https://rdap.identitydigital.services/rdap/")]
    [InlineData("example.eu", null)]
    [InlineData("com", "https://rdap.verisign.com/com/v1/")]
    public void Shipped_file_and_table_know_the_servers(string domain, string? server)
    {
        using var rig = Rig();
        Assert.Equal(server, rig.Bootstrap.BaseUrlFor(domain)?.ToString());
        Assert.True(rig.Bootstrap.Count > 1_000);
        Assert.Null(rig.Bootstrap.CheckedAt);
    }

    [Fact]
    public void Configured_overrides_replace_the_shipped_table_and_the_file_wins_over_them()
    {
        using var rig = Rig(null, ("Rdap:Overrides:.ZZ", "https://rdap.example/base"), ("Rdap:Overrides:рф", "https://rf.example/"), ("Rdap:Overrides:com", "https://wrong.example/"));
        Assert.Equal("https://rdap.example/base/", rig.Bootstrap.BaseUrlFor("sample.zz")!.ToString());
        Assert.Equal("https://rf.example/", rig.Bootstrap.BaseUrlFor("sample.xn--p1ai")!.ToString());
        Assert.Equal("https://rdap.verisign.com/com/v1/", rig.Bootstrap.BaseUrlFor("example.com")!.ToString());
        Assert.Null(rig.Bootstrap.BaseUrlFor("example.de"));
    }

    [Fact]
    public async Task Longest_suffix_of_whole_labels_wins()
    {
        using var rig = Rig();
        var bootstrap = await LoadedAsync(rig, await File.ReadAllTextAsync(Fixtures.PathOf("rdap-bootstrap", "dns-complex.json"), TestContext.Current.CancellationToken));
        Assert.Equal("https://example.com/sub/", bootstrap.BaseUrlFor("a.sub.example.com")!.ToString());
        Assert.Equal("https://example.com/", bootstrap.BaseUrlFor("notsub.example.com")!.ToString());
        Assert.Equal("https://example.com/", bootstrap.BaseUrlFor("xsub.example.com")!.ToString());
        Assert.Null(bootstrap.BaseUrlFor("example.org"));
    }

    [Fact]
    public async Task Captured_file_is_read_whole_and_https_is_preferred()
    {
        using var rig = Rig();
        var bootstrap = await LoadedAsync(rig, await File.ReadAllTextAsync(Fixtures.PathOf("rdap-bootstrap", "iana-dns-2025-11-06.json"), TestContext.Current.CancellationToken));
        // 1192 TLDs; those of two services (kg, mg) have plain http only, which is not asked.
        Assert.InRange(bootstrap.Count, 1_185, 1_192);
        Assert.Null(bootstrap.BaseUrlFor("example.kg"));
        Assert.Equal("https", bootstrap.BaseUrlFor("example.fr")!.Scheme);
    }

    [Theory]
    [InlineData("malformed-bad-services.json", 3)]
    [InlineData("malformed-bad-url.json", 3)]
    public async Task Part_that_is_broken_is_left_out(string file, int tlds)
    {
        using var rig = Rig();
        var bootstrap = await LoadedAsync(rig, await File.ReadAllTextAsync(Fixtures.PathOf("rdap-bootstrap", file), TestContext.Current.CancellationToken));
        Assert.Equal(tlds, bootstrap.Count);
        Assert.Equal("https://rdap.registro.br/", bootstrap.BaseUrlFor("example.com.br")!.ToString());
        Assert.Null(bootstrap.BaseUrlFor("sample.example"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html></html>")]
    [InlineData("[]")]
    [InlineData("""{"services":{}}""")]
    [InlineData("""{"services":[]}""")]
    [InlineData("""{"services":[null,[],[["com"]],[["com"],[]],["com","https://rdap.example/"],[[7],["https://rdap.example/"]]]}""")]
    [InlineData("""{"services":[[["com"],["http://plain.example/"]]]}""")]
    public async Task Copy_that_is_none_is_passed_over(string json)
    {
        using var rig = Rig();
        Assert.Equal("https://rdap.verisign.com/com/v1/", (await LoadedAsync(rig, json)).BaseUrlFor("example.com")!.ToString());
    }

    [Fact]
    public async Task Deliberately_broken_file_never_replaces_a_good_one()
    {
        var broken = await File.ReadAllTextAsync(Fixtures.PathOf("rdap-bootstrap", "malformed-syntax-error.json.txt"), TestContext.Current.CancellationToken);
        await using var server = await LoopbackServer.StartAsync(c => c.Response.WriteAsync(broken));
        using var rig = Rig(server.Url);
        var store = new Store();
        Assert.Contains("cannot be read", await RefreshAsync(rig, store), StringComparison.Ordinal);
        Assert.Null(store.File);
        Assert.Equal("https://rdap.verisign.com/com/v1/", rig.Bootstrap.BaseUrlFor("example.com")!.ToString());
    }

    [Fact]
    public async Task Refresh_takes_a_new_file_and_asks_the_next_time_only_whether_it_changed()
    {
        await using var server = await LoopbackServer.StartAsync(context =>
        {
            context.Response.Headers.ETag = "\"v1\"";
            if (context.Request.Headers.IfNoneMatch == "\"v1\"")
            {
                context.Response.StatusCode = 304;
                return Task.CompletedTask;
            }

            return context.Response.WriteAsync(Small);
        });
        using var rig = Rig(server.Url);
        var store = new Store();
        Assert.Null(await RefreshAsync(rig, store));
        Assert.Equal("https://rdap.example/v1/", rig.Bootstrap.BaseUrlFor("example.net")!.ToString());
        Assert.Equal(LookupRig.Now, rig.Bootstrap.CheckedAt);
        var later = LookupRig.Now.AddDays(1);
        Assert.Null(await rig.Bootstrap.RefreshAsync(store, later, TestContext.Current.CancellationToken));
        Assert.Equal(later, store.File!.CheckedAt);
        Assert.Equal(Small, Encoding.UTF8.GetString(store.File.Content));

        using var restarted = Rig(server.Url);
        await restarted.Bootstrap.LoadAsync(store, TestContext.Current.CancellationToken);
        Assert.Equal((2, later), (restarted.Bootstrap.Count, restarted.Bootstrap.CheckedAt));
    }

    [Fact]
    public async Task File_that_lost_many_names_never_replaces_a_good_one()
    {
        var tlds = 10;
        await using var server = await LoopbackServer.StartAsync(c =>
            c.Response.WriteAsync($$"""{"services":[[[{{string.Join(',', Enumerable.Range(0, tlds).Select(i => $"\"t{i}\""))}}],["https://rdap.example/"]]]}"""));
        using var rig = Rig(server.Url);
        var store = new Store();
        Assert.Null(await RefreshAsync(rig, store));
        tlds = 7;
        Assert.Contains("7 TLDs instead of 10", await RefreshAsync(rig, store), StringComparison.Ordinal);
        Assert.NotNull(rig.Bootstrap.BaseUrlFor("example.t9"));
        tlds = 9;
        Assert.Null(await RefreshAsync(rig, store));
        Assert.Null(rig.Bootstrap.BaseUrlFor("example.t9"));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(404)]
    [InlineData(304)]
    public async Task Server_that_fails_changes_nothing_and_is_told_of(int status)
    {
        await using var server = await LoopbackServer.StartAsync(c =>
        {
            c.Response.StatusCode = status;
            return Task.CompletedTask;
        });
        using var rig = Rig(server.Url);
        Assert.Contains($"HTTP {status}", await RefreshAsync(rig, new Store()), StringComparison.Ordinal);
        Assert.True(rig.Bootstrap.Count > 1_000);
    }
}
