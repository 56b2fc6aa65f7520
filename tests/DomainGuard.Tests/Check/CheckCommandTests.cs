using System.Diagnostics;
using System.Text.Json;
using DomainGuard.Tests.Scans;
using DomainGuard.Web.Features.Check;

namespace DomainGuard.Tests.Check;

public sealed class CheckCommandTests
{
    [Fact]
    public async Task Prints_an_array_in_the_order_asked_and_nothing_else()
    {
        await using var upstream = await CountingUpstream.StartAsync(TimeSpan.Zero);

        var (code, output, _) = await RunAsync(upstream, "b.bench", "mail.a.bench", "co.uk", "--json");

        Assert.Equal(0, code);
        var array = JsonDocument.Parse(output).RootElement;
        Assert.Equal(["b.bench", "a.bench", "co.uk"], array.EnumerateArray().Select(e => e.GetProperty("domain").GetString()));
        Assert.Equal(
            ["domain", "phase", "flags", "confidence", "handChange", "registeredAt", "expiresAt", "lastTransferAt", "registrar", "handle", "estimatedDrop", "nextCheckAt", "reasons", "observations"],
            array[0].EnumerateObject().Select(p => p.Name));
        Assert.Equal(("Active", "2012-03-04T05:06:07Z", "H-b.bench"), (Text(array[0], "phase"), Text(array[0], "registeredAt"), Text(array[0], "handle")));
        Assert.Equal(["source", "host", "outcome", "askedAt", "durationMs", "status", "error"], array[0].GetProperty("observations")[0].EnumerateObject().Select(p => p.Name));
        Assert.Equal("rdap", Text(array[0].GetProperty("observations")[0], "source"));
        Assert.Equal(("NotApplicable", JsonValueKind.Null), (Text(array[2], "phase"), array[2].GetProperty("nextCheckAt").ValueKind));
        Assert.Equal(2, upstream.Total);
    }

    [Fact]
    public async Task Judges_as_of_another_day_and_against_a_verification()
    {
        await using var upstream = await CountingUpstream.StartAsync(TimeSpan.Zero);

        var (code, output, _) = await RunAsync(upstream, "a.bench", "--as-of", "2099-03-01T00:00:00Z", "--verified-at", "2010-01-01T00:00:00Z", "--json");

        Assert.Equal(0, code);
        var report = JsonDocument.Parse(output).RootElement[0];
        Assert.Equal(("ExpiringSoon", "Reregistered"), (Text(report, "phase"), Text(report, "handChange")));
    }

    [Fact]
    public async Task Names_everything_that_is_wrong_at_once_and_asks_nobody()
    {
        await using var upstream = await CountingUpstream.StartAsync(TimeSpan.Zero);

        var (code, output, errors) = await RunAsync(upstream, "a.bench", "someone@b.bench", "x..y", "--sources", "rdap,whois", "--as-of", "tomorrow", "--json");

        Assert.Equal((2, "", 0), (code, output, upstream.Total));
        Assert.All(new[] { "someone@b.bench", "x..y", "whois", "tomorrow" }, word => Assert.Contains(word, errors, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Explains_to_a_person_and_reports_what_has_no_answer()
    {
        await using var upstream = await CountingUpstream.StartAsync(TimeSpan.Zero);

        var (code, output, _) = await RunAsync(upstream, "a.bench", "nobody.nosuchtld");

        Assert.Equal(1, code); // no server is known for the second
        Assert.Contains("Active", output, StringComparison.Ordinal);
        Assert.Contains("Registered until 4 Mar 2099", output, StringComparison.Ordinal);
        Assert.Contains("Unknown", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("BÜCHER.example.org", "example.org", "xn--bcher-kva.example.org", null)]
    [InlineData("faß.de.", "xn--fa-hia.de", "xn--fa-hia.de", null)]
    [InlineData("me.github.io", "github.io", "me.github.io", null)]
    [InlineData("localhost", "localhost", "localhost", "a domain without a dot cannot be looked up")]
    public void Reads_names_as_people_write_them(string text, string domain, string mailHost, string? notApplicable)
    {
        Assert.True(CheckTarget.TryRead(text, out var target, out _));
        Assert.Equal((domain, mailHost), (target!.Domain, target.MailHost));
        Assert.Equal(notApplicable is null, target.NotApplicable is null);
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    private static async Task<(int Code, string Output, string Errors)> RunAsync(CountingUpstream upstream, params string[] words)
    {
        string[] all =
        [
            typeof(CheckCommand).Assembly.Location, "check", .. words,
            "--DomainGuard:World=Live",
            $"--DomainGuard:Lookups:AllowedPrivateHosts:0={upstream.Host}",
            $"--DomainGuard:Lookups:Rdap:BootstrapUrl=http://{upstream.Host}/dns.json",
            $"--DomainGuard:Lookups:Rdap:Overrides:bench=http://{upstream.Host}/",
            "--DomainGuard:Lookups:Dns:Enabled=false",
        ];
        using var process = Process.Start(new ProcessStartInfo("dotnet", all) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output, await errors);
    }
}
