using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using DomainGuard.Core.Domains;
using DomainGuard.Lookups;
using DomainGuard.Lookups.Http;
using DomainGuard.Lookups.Rdap;
using DomainGuard.TestSupport;
using Microsoft.Extensions.Options;

namespace DomainGuard.Tests.Lookups;

/// <summary>
/// Every captured or modelled answer, through the real sources and the judge, as of its own "last update of RDAP database"; where it has none, as of its "last changed"
/// event, the day in SOURCES.md, or, where it carries no date that bears on its phase, the day the set was made. Each row is argued from the facts sheet.
/// </summary>
public sealed class FixtureVerdictTests
{
    private const DomainFlags None = DomainFlags.None;
    private static readonly DateTimeOffset SetMade = new(2026, 11, 24, 0, 0, 0, TimeSpan.Zero);

    /// <summary>One file.</summary>
    /// <param name="File">Below the fixtures.</param>
    /// <param name="Domain">What was asked.</param>
    /// <param name="AsOf">The moment of judgement.</param>
    /// <param name="Phase">Expected.</param>
    /// <param name="Flags">Expected.</param>
    /// <param name="Registered">Expected registration date, or null.</param>
    /// <param name="Expires">Expected end of term, or null.</param>
    /// <param name="Why">The argument; numbers are sections of the facts sheet.</param>
    public sealed record Row(string File, string Domain, string AsOf, Phase Phase, DomainFlags Flags, string? Registered, string? Expires, string Why)
    {
        public override string ToString() => File;
    }

    private static readonly Row[] Registrations =
    [
        new("rdap/com-active-verisign-google.json", "google.com", "2021-06-09T09:34:01Z", Phase.Active, None, "1997-09-15T04:00:00Z", "2028-09-14T04:00:00Z", "prohibitions are part of \"registered\" (2); the name is upper case (3)"),
        new("rdap/com-active-verisign-example-2025.json", "example.com", "2025-01-28T17:58:39Z", Phase.Active, None, "1995-08-14T04:00:00Z", "2025-08-13T04:00:00Z", "term ends in 197 days"),
        new("rdap/com-active-verisign-hhgames.json", "hhgames.com", "2025-08-05T15:37:05Z", Phase.Active, None, "2002-07-04T19:15:32Z", "2026-07-04T19:21:02Z", "term ends in 333 days"),
        new("rdap/com-active-verisign-themarquetry.json", "themarquetry.com", "2022-01-20T12:00:51Z", Phase.Active, None, "2021-03-16T17:07:37Z", "2022-03-16T17:07:37Z", "55 days left, so not soon (order of judgement 10); parking is a flag of DNS, which was not asked (7)"),
        new("rdap/cz-active-fred-example.json", "example.cz", "2019-01-01T00:00:00Z", Phase.Active, None, "2004-08-30T22:55:00Z", "2019-08-30T12:00:00Z", "no date of its own: a day in its last term; the transfer of 2007 is an ordinary move (4)"),
        new("rdap/fi-active-no-expiry-events-only-traficom.json", "traficom.fi", "2026-08-03T00:00:00Z", Phase.Active, DomainFlags.DatesHidden, "2017-08-15T12:02:40Z", null, ".fi gives no expiry (1.6); \"status\" is absent (2); +03:00 becomes UTC (3)"),
        new("rdap/fr-active-afnic-afnic.json", "afnic.fr", "2022-09-28T11:21:02Z", Phase.Active, None, "2001-12-10T23:00:00Z", "2029-07-18T08:26:59Z", "in the bootstrap file, gives all dates (5)"),
        new("rdap/click-active-registry-microsoft.json", "microsoft.click", "2024-06-18T14:25:27Z", Phase.Active, None, "2014-11-12T19:15:55.283Z", "2024-11-12T19:15:55.283Z", "147 days left; the actor \"markmonitor\" is a registrar, no sign of a migration (1.5)"),
        new("rdap/ooo-active-trailing-dot-amazon.json", "amazon.ooo", "2021-05-04T00:44:13Z", Phase.Active, None, "2014-10-23T00:00:00Z", "2021-10-23T00:00:00Z", "the trailing dot is the same name (3)"),
        new("rdap/org-active-no-timezone-pir-bitcoin.json", "bitcoin.org", "2021-05-07T02:36:33Z", Phase.Active, None, "2008-08-18T13:19:55Z", "2029-08-18T13:19:55Z", "dates without offset are UTC (3)"),
        new("rdap/org-active-transferred-redacted-pir-wikipedia.json", "wikipedia.org", "2026-10-05T23:37:40Z", Phase.Active, None, "2001-01-13T00:12:14.754Z", "2027-01-13T00:12:14Z", "99 days left; only the handle is redacted, no date (3)"),
        new("rdap/pw-active-registrar-server-google.json", "google.pw", "2021-04-17T01:17:07Z", Phase.Active, None, "2012-10-12T10:19:46Z", "2022-02-10T08:00:00Z", "\"+0000\" (3); the server is the registrar's (1.10), whose own name for the event is \"last update\""),
        new("rdap/registrar-bad-response-02.json", "something-not-real.com", "2023-10-02T15:31:50Z", Phase.Active, None, "2023-07-05T00:00:00Z", "2024-07-05T00:00:00Z", "registered 89 days ago, so not new"),
        new("rdap/surf-active-no-timezone-deep.json", "deep.surf", "2021-04-17T00:18:31Z", Phase.Active, None, "2020-07-01T14:05:58Z", "2021-07-01T14:05:58Z", "75 days left; no event is mandatory (3)"),
        new("rdap/to-active-registration-from-escrow-import-google.json", "google.to", "2026-10-06T22:03:25Z", Phase.Active, None, "2018-11-30T07:38:29Z", "2026-11-30T07:38:29Z", "54 days left; \"escrow_import\" is a migration (1.5)"),
        new("rdap/top-active-one-digit-fraction-bitcoin.json", "bitcoin.top", "2021-04-17T00:02:06Z", Phase.Active, None, "2014-11-17T16:00:29Z", "2021-11-17T16:00:29Z", "\".0Z\" and the trailing dot (3)"),
        new("rdap/tube-active-expiry-end-of-day-you.json", "you.tube", "2021-04-16T02:44:25Z", Phase.Active, None, "2016-04-17T11:31:13Z", "2022-04-16T23:59:59Z", "a year left; the actor \"Server Account\" is no migration"),
        new("rdap-modelled/au-dates-redacted.json", "example.com.au", "2026-09-02T00:00:00Z", Phase.OnHold, DomainFlags.DatesHidden, null, null, "held and update-prohibited: out of the zone, renewable (5, .au); dates redacted by policy (1.6)"),
        new("rdap-modelled/com-reregistered-after-drop.json", "lapsed-example.com", "2026-11-20T18:30:05Z", Phase.Active, DomainFlags.NewlyRegistered, "2026-11-20T18:30:05Z", "2027-11-20T18:30:05Z", "\"add period\": a brand-new holder (2)"),
        new("rdap-modelled/de-rgp-no-events.json", "gone.de", "2026-11-24T00:00:00Z", Phase.Redemption, DomainFlags.DatesHidden, null, null, "a .de name in redemption has no events at all (1.6)"),
        new("rdap-modelled/denic-example.de.json", "example.de", "2024-01-15T09:30:00Z", Phase.Active, DomainFlags.DatesHidden, "1998-03-12T20:44:25Z", null, "\"ok\" is \"active\" (2); .de hides the expiry (5)"),
        new("rdap-modelled/epp-camelcase-statuses-with-urls.json", "camel.example", "2026-11-24T00:00:00Z", Phase.Redemption, None, null, null, "normalised statuses (2); redemption comes before pending delete and hold (order of judgement 4)"),
        new("rdap-modelled/google-web.dev.json", "web.dev", "2024-01-15T08:30:00Z", Phase.Active, None, null, "2025-12-10T00:00:00Z", "\"reregistration\" is a renewal and no registration date (1.2)"),
        new("rdap-modelled/gtld-add-period.json", "addgraceperiod.lol", "2000-01-01T00:00:00Z", Phase.Active, DomainFlags.NewlyRegistered, "2000-01-01T00:00:00Z", "2001-01-01T00:00:00Z", "add grace: 5 days after create (2)"),
        new("rdap-modelled/gtld-auto-renew-period.json", "autorenew.lol", "2000-01-01T00:00:00Z", Phase.AutoRenewGrace, None, "1998-12-31T00:00:00Z", "2000-12-31T00:00:00Z", "looks renewed for a year, and is not (1.3)"),
        new("rdap-modelled/gtld-deleted-inactive.json", "addgraceperiod.lol", "2000-01-01T00:00:00Z", Phase.Active, DomainFlags.Undelegated, "1997-01-01T00:00:00Z", "2110-10-08T00:44:59Z", "\"inactive\" is registered without name servers (2)"),
        new("rdap-modelled/gtld-idn-unicode.json", "xn--e28h.lol", "2000-01-01T00:00:00Z", Phase.Active, None, "1997-01-01T00:00:00Z", "2110-10-08T00:44:59Z", "the A-label is the name, although no address can carry that emoji (8)"),
        new("rdap-modelled/gtld-redemption-pending-delete.json", "redemption.lol", "2000-01-01T00:00:00Z", Phase.Redemption, None, "1999-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z", "redemption although \"pending delete\" is there (1.7); year 294247 is \"never\" (3)"),
        new("rdap-modelled/gtld-renew-period.json", "renew.lol", "2000-01-01T00:00:00Z", Phase.Active, None, "1999-01-01T00:00:00Z", "2001-01-01T00:00:00Z", "an explicit renewal is no sign of anything"),
        new("rdap-modelled/io-pending-delete-redemption-server-hold.json", "example.io", "2026-10-01T09:15:00Z", Phase.Redemption, None, "2016-08-28T12:00:00Z", "2026-08-28T12:00:00Z", "gTLD-like (5): redemption outranks pending delete and hold"),
        new("rdap-modelled/malformed-types.json", "malformed.example", "2026-11-24T00:00:00Z", Phase.Active, None, null, null, "a bare string as status (2); what cannot be read is absent (3)"),
        new("rdap-modelled/nl-quarantine-pending-delete.json", "gone.nl", "2026-09-01T00:05:24Z", Phase.Redemption, DomainFlags.DatesHidden, "1999-08-24T00:00:00Z", "2026-10-11T00:05:24Z", "the 40-day quarantine is recoverable (1.7); its \"expiration\" is the release (1.8)"),
        new("rdap-modelled/nominet-bbc.uk.json", "bbc.co.uk", "2024-10-29T03:51:11Z", Phase.Active, None, "1996-08-01T00:00:00.009091Z", "2025-08-01T00:00:00.009091Z", "\"Registered until expiry date\" is noise (2)"),
        new("rdap-modelled/registrobr-example.br.json", "example.com.br", "2024-06-15T17:30:00Z", Phase.Active, None, "1995-01-01T03:00:00Z", "2025-01-01T03:00:00Z", "\"published\" is noise (2); -03:00 becomes UTC (3)"),
        new("rdap-modelled/rfc9083-domain-idn-example.json", "xn--fo-5ja.example", "1991-12-31T23:59:59Z", Phase.Active, None, "1990-12-31T23:59:59Z", "2016-12-31T23:59:59Z", "\"locked\" and \"transfer prohibited\" are part of \"registered\" (2)"),
        new("rdap-modelled/rfc9537-redacted-example.json", "example.com", "2020-05-28T01:35:00Z", Phase.Active, None, "1997-06-03T00:00:00Z", "2021-06-03T04:00:00Z", "names of people are redacted, dates are not (3)"),
        new("rdap-modelled/uk-suspended-pending-delete.json", "lapsed.co.uk", "2026-06-01T09:00:00Z", Phase.Redemption, None, "2014-05-02T09:00:00Z", "2026-05-02T09:00:00Z", "day 30 after expiry: suspended and renewable until day 90 (5, .uk)"),
    ];

    public static TheoryData<Row> RegistrationRows => [.. Registrations];

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    private static Verdict Judge(string domain, DateTimeOffset asOf, params Observation[] observations) =>
        DomainJudge.Judge(new JudgeInput { Domain = domain, Observations = [.. observations.Select(o => o with { AskedAt = asOf })], Now = asOf });

    private static LookupRig Replay(Dictionary<string, Reply> replies, Dictionary<string, string?> settings) =>
        new(settings, transport: options => new ReplayTransport(options, replies));

    private static async Task<Observation> AskRdapAsync(string domain, int status, byte[] body)
    {
        var table = new Dictionary<string, Reply>();
        var tld = domain[(domain.LastIndexOf('.') + 1)..];
        // A server at its own place for each TLD, as the bootstrap file would name it.
        using var rig = Replay(table, new() { ["Rdap:Enabled"] = "true" });
        await rig.Bootstrap.LoadAsync(new OneFile($$"""{"services":[[["{{tld}}"],["https://rdap.registry.test/"]]]}"""), TestContext.Current.CancellationToken);
        table[$"https://rdap.registry.test/domain/{domain}"] = new Reply(status, body, null);
        return await rig.AskAsync(SourceKind.Rdap, domain);
    }

    [Theory]
    [MemberData(nameof(RegistrationRows))]
    public async Task Registration_is_judged_as_the_facts_say(Row row)
    {
        var observation = await AskRdapAsync(row.Domain, 200, await File.ReadAllBytesAsync(Fixtures.PathOf(row.File), TestContext.Current.CancellationToken));
        Assert.Equal((Outcome.Answered, null), (observation.Outcome, observation.Error));
        var verdict = Judge(row.Domain, At(row.AsOf), observation);
        // One source speaks and the others are silent: "silence makes it Single" (product section 5), whatever the phase.
        Assert.Equal((row.Phase, row.Flags, Confidence.Single), (verdict.Phase, verdict.Flags, verdict.Confidence));
        Assert.Equal(row.Registered is null ? null : At(row.Registered), verdict.RegisteredAt);
        Assert.Equal(row.Expires is null ? null : At(row.Expires), verdict.ExpiresAt);
        Assert.Equal(row.File.Contains("escrow", StringComparison.Ordinal), verdict.LooksMigrated);
        Assert.True(verdict.IsAnswered);
    }

    [Fact]
    public void Table_names_every_file()
    {
        var files = new[] { "rdap", "rdap-modelled" }.SelectMany(f => Directory.GetFiles(Fixtures.PathOf(f)).Select(p => $"{f}/{Path.GetFileName(p)}")).Order(StringComparer.Ordinal);
        Assert.Equal(files, Registrations.Select(r => r.File).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("404-object-not-found-pir.json", 404, "markwatch-nonexistent-7f3kq9.org", Outcome.NotFound, FailureKind.None, Phase.Released)]
    [InlineData("404-registry-reserved-name.json", 404, "jailbreaks.fun", Outcome.Reserved, FailureKind.None, Phase.Unknown)]
    [InlineData("modelled-centralnic-404.json", 404, "sample.xyz", Outcome.NotFound, FailureKind.None, Phase.Released)]
    [InlineData("modelled-google-429.json", 429, "sample.dev", Outcome.Failure, FailureKind.RateLimited, Phase.Unknown)]
    [InlineData("modelled-google-429.json", 200, "sample.dev", Outcome.Failure, FailureKind.RateLimited, Phase.Unknown)]
    [InlineData("modelled-pir-400.json", 400, "sample.org", Outcome.Failure, FailureKind.Refused, Phase.Unknown)]
    public async Task Error_is_judged_as_the_facts_say(string file, int status, string domain, Outcome outcome, FailureKind failure, Phase phase)
    {
        var observation = await AskRdapAsync(domain, status, await File.ReadAllBytesAsync(Fixtures.PathOf("rdap-errors", file), TestContext.Current.CancellationToken));
        Assert.Equal((outcome, failure), (observation.Outcome, observation.Failure));
        var verdict = Judge(domain, SetMade, observation);
        // One source alone never makes "released" more than single (product section 5).
        Assert.Equal((phase, phase == Phase.Released ? Confidence.Single : Confidence.None), (verdict.Phase, verdict.Confidence));
    }

    [Theory]
    [InlineData("com-200-via-rdaporg-302.json", 0, Outcome.Answered, Phase.Active, "what a redirector leads to is an answer")]
    [InlineData("com-200-via-rdaporg-302.json", 1, Outcome.Answered, Phase.Active, "the registry itself")]
    [InlineData("com-404-empty-body-verisign.json", 0, Outcome.Failure, Phase.Unknown, "a 404 that a redirector leads to is not known to be the registry's (1.1)")]
    [InlineData("com-404-empty-body-verisign.json", 1, Outcome.NotFound, Phase.Released, "Verisign's 404 has no body (3)")]
    [InlineData("design-404-json-body-centralnic.json", 0, Outcome.Failure, Phase.Unknown, "as above")]
    [InlineData("design-404-json-body-centralnic.json", 1, Outcome.NotFound, Phase.Released, "CentralNic's 404 has a JSON body, whose notices say \"rights reserved\" (3)")]
    [InlineData("fr-404-tld-not-in-bootstrap-rdaporg.json", 0, Outcome.NotServed, Phase.Unknown, "no server for the TLD is no free name (1.1a)")]
    public async Task Captured_exchange_is_judged_as_the_facts_say(string file, int from, Outcome outcome, Phase phase, string why)
    {
        using var captured = JsonDocument.Parse(await File.ReadAllBytesAsync(Fixtures.PathOf("rdap-http", file), TestContext.Current.CancellationToken));
        var table = new Dictionary<string, Reply>();
        foreach (var exchange in captured.RootElement.EnumerateArray())
        {
            var response = exchange.GetProperty("response");
            var location = response.GetProperty("headers").TryGetProperty("Location", out var l) ? l.GetString() : null;
            table[exchange.GetProperty("request").GetProperty("url").GetString()!] =
                new Reply(response.GetProperty("status").GetInt32(), Encoding.UTF8.GetBytes(response.GetProperty("body").GetString()!), location);
        }

        var first = table.Keys.ElementAt(from);
        var domain = first[(first.LastIndexOf('/') + 1)..];
        using var rig = Replay(table, new() { ["Rdap:Enabled"] = "true" });
        await rig.Bootstrap.LoadAsync(
            new OneFile($$"""{"services":[[["{{domain[(domain.IndexOf('.', StringComparison.Ordinal) + 1)..]}}"],["{{first[..first.IndexOf("domain/", StringComparison.Ordinal)]}}"]]]}"""),
            TestContext.Current.CancellationToken);
        var observation = await rig.AskAsync(SourceKind.Rdap, domain);
        Assert.True(outcome == observation.Outcome, $"{why}: {observation.Outcome}, {observation.Error}");
        Assert.Equal(phase, Judge(domain, At("2021-12-17T16:41:14Z"), observation).Phase);
    }

    [Theory]
    [InlineData("fastly-errors-with-http-200.json", SourceKind.Fastly, "example.com", Outcome.Failure, Phase.Unknown, None)]
    [InlineData("fastly-status-available.json", SourceKind.Fastly, "expired-domain.com", Outcome.Answered, Phase.Unknown, DomainFlags.Undelegated)]
    [InlineData("fastly-status-with-tags.json", SourceKind.Fastly, "example.com", Outcome.Answered, Phase.Unknown, DomainFlags.Undelegated)]
    [InlineData("fastly-status-marketed-offers-modelled.json", SourceKind.Fastly, "for-sale.example.com", Outcome.Answered, Phase.Active, DomainFlags.Undelegated | DomainFlags.ForSale)]
    [InlineData("v2-status-available.json", SourceKind.Domainr, "acmecoffee.shop", Outcome.Answered, Phase.Unknown, DomainFlags.Undelegated)]
    [InlineData("v2-status-one-of-pypi-tests.json", SourceKind.Domainr, "example.com", Outcome.Answered, Phase.Unknown, DomainFlags.Undelegated)]
    public async Task Status_words_are_judged_as_the_facts_say(string file, SourceKind source, string domain, Outcome outcome, Phase phase, DomainFlags flags)
    {
        var observation = await AskResearchAsync(source, domain, await File.ReadAllBytesAsync(Fixtures.PathOf("domainr", file), TestContext.Current.CancellationToken));
        Assert.Equal(outcome, observation.Outcome);
        // Never "released" from one source (5): "inactive" alone is Unknown. With the parent's NXDOMAIN beside it, two facts hold.
        var verdict = Judge(domain, SetMade, observation);
        Assert.Equal((phase, flags), (verdict.Phase, verdict.Flags));
        if (outcome == Outcome.Answered && phase == Phase.Unknown)
        {
            var zone = new Observation(SourceKind.Dns, "dns", Outcome.Answered, SetMade, TimeSpan.Zero) { Dns = new DnsFacts { Delegation = Delegation.NxDomain, SoaOwner = "com" } };
            Assert.Equal((Phase.Released, Confidence.Corroborated), (Judge(domain, SetMade, observation, zone).Phase, Judge(domain, SetMade, observation, zone).Confidence));
        }
    }

    [Fact]
    public async Task Status_sets_seen_in_production_are_judged_as_the_facts_say()
    {
        // PyPI acts on most of these. By section 6: "unknown" is no evidence, "undelegated" is not "expired" (1.9), only "deleting" says on its own that a name lapses.
        (string Words, Phase Phase, DomainFlags Flags)[] expected =
        [
            ("undelegated inactive", Phase.Unknown, DomainFlags.Undelegated),
            ("undelegated active", Phase.Active, DomainFlags.Undelegated),
            ("unknown", Phase.Unknown, None),
            ("inactive", Phase.Unknown, None),
            ("undelegated", Phase.Unknown, DomainFlags.Undelegated),
            ("marketed priced undelegated active", Phase.Active, DomainFlags.Undelegated | DomainFlags.ForSale),
            ("undelegated inactive premium", Phase.Unknown, DomainFlags.Undelegated),
            ("undelegated active deleting", Phase.PendingDelete, DomainFlags.Undelegated),
            ("inactive active", Phase.Active, None),
            ("undelegated reserved", Phase.Unknown, DomainFlags.Undelegated),
            ("undelegated claimed", Phase.Unknown, DomainFlags.Undelegated),
            ("marketed priced deleting", Phase.PendingDelete, DomainFlags.ForSale),
        ];
        using var sets = JsonDocument.Parse(await File.ReadAllBytesAsync(Fixtures.PathOf("domainr", "status-sets-seen-in-production-pypi.json"), TestContext.Current.CancellationToken));
        var seen = sets.RootElement.EnumerateArray().Select(s => string.Join(' ', s.GetProperty("status").EnumerateArray().Select(w => w.GetString()))).ToList();
        Assert.Equal(expected.Select(e => e.Words), seen);
        foreach (var (words, phase, flags) in expected)
        {
            var observation = await AskResearchAsync(SourceKind.Fastly, "sample.com", Encoding.UTF8.GetBytes($$"""{"domain":"sample.com","status":"{{words}}"}"""));
            var verdict = Judge("sample.com", SetMade, observation);
            Assert.True((phase, flags) == (verdict.Phase, verdict.Flags), $"{words}: {verdict.Phase}, {verdict.Flags}");
        }
    }

    [Fact]
    public async Task Name_registered_after_the_verification_has_changed_hands()
    {
        const string Domain = "lapsed-example.com";
        var now = At("2026-11-21T12:00:00Z");
        var observation = await AskRdapAsync(Domain, 200, await File.ReadAllBytesAsync(Fixtures.PathOf("rdap-modelled/com-reregistered-after-drop.json"), TestContext.Current.CancellationToken)) with { AskedAt = now };
        Assert.Equal(HandChange.Reregistered, Hand("2026-11-01T00:00:00Z"));
        Assert.Equal(HandChange.None, Hand("2026-11-21T00:00:00Z"));

        HandChange Hand(string verifiedAt) => HandChangeJudge.Judge(new HandInput
        {
            Verdict = Judge(Domain, now, observation),
            Observations = [observation],
            VerifiedAt = At(verifiedAt),
            Now = now,
        }).Change;
    }

    private static async Task<Observation> AskResearchAsync(SourceKind source, string domain, byte[] body)
    {
        var url = source == SourceKind.Fastly
            ? $"https://api.fastly.com/domain-management/v1/tools/status?domain={domain}"
            : $"https://api.domainr.com/v2/status?client_id=key&domain={domain}";
        using var rig = Replay(
            new() { [url] = new Reply(200, body, null) },
            new() { [$"{source}:Enabled"] = "true", ["Fastly:ApiKey"] = "key", ["Domainr:ClientId"] = "key" });
        return await rig.AskAsync(source, domain);
    }

    private sealed record Reply(int Status, byte[] Body, string? Location);

    private sealed class OneFile(string json) : IBootstrapStore
    {
        public Task<BootstrapFile?> ReadAsync(CancellationToken cancel) => Task.FromResult<BootstrapFile?>(new BootstrapFile(Encoding.UTF8.GetBytes(json), null, SetMade));

        public Task WriteAsync(BootstrapFile file, CancellationToken cancel) => Task.CompletedTask;
    }

    /// <summary>Answers with what was captured; any other question fails the test.</summary>
    private sealed class ReplayTransport(IOptions<LookupOptions> options, Dictionary<string, Reply> replies) : LookupTransport(options)
    {
        public override HttpMessageHandler CreateHandler(SourceKind source) => new Handler(replies);

        private sealed class Handler(Dictionary<string, Reply> replies) : HttpMessageHandler
        {
            protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
            {
                Assert.True(replies.TryGetValue(request.RequestUri!.ToString(), out var reply), $"{request.RequestUri} was not to be asked");
                var response = new HttpResponseMessage((HttpStatusCode)reply!.Status) { Content = new ByteArrayContent(reply.Body) };
                if (reply.Location is not null)
                {
                    response.Headers.Location = new Uri(reply.Location);
                }

                return Task.FromResult(response);
            }
        }
    }
}
