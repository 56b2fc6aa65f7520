using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Policies;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Staff;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Tests.Scans;
using DomainGuard.Web.Features.Policy;
using DomainGuard.Web.Features.Why;

namespace DomainGuard.Tests.Why;

public class ExplainAddressTests
{
    private static readonly DateTimeOffset Day = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Guid Ann = new("0195f000-0000-7000-8000-000000000001");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>
    /// The life of one address: taken in on day 0, in order until day 10, in redemption from day 10, un-verified by policy v1 the same day, overridden by Ann on
    /// day 12 until day 40, reopened and un-verified by policy v2 on day 20, retired on day 50.
    /// </summary>
    public static TheoryData<DatabaseProvider, int, string, string?, string?, int?> Moments
    {
        get
        {
            var data = new TheoryData<DatabaseProvider, int, string, string?, string?, int?>();
            foreach (var provider in new[] { DatabaseProvider.Sqlite, DatabaseProvider.PostgreSql })
            {
                data.Add(provider, -1, "NotTakenIn", null, null, null);
                data.Add(provider, 5, "Verified", "Active", null, 1);
                data.Add(provider, 11, "Unverified", "Redemption", "policy v1", 1);
                data.Add(provider, 13, "Verified", "Redemption", "Ann Alyst", 1);
                data.Add(provider, 21, "Unverified", "Redemption", "policy v2", 2);
                data.Add(provider, 55, "Retired", "Redemption", "policy v2", 2);
                data.Add(provider, 400, "Retired", "Redemption", "policy v2", 2);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Moments))]
    public async Task Any_moment_is_explained_by_what_was_known_and_done_then(DatabaseProvider provider, int day, string standing, string? phase, string? actor, int? version)
    {
        await using var database = await TestDatabase.CreateAsync(provider);
        await SeedAsync(database);
        var clock = new HandClock { Time = Day.AddDays(60) };
        var explain = new ExplainAddress(database.Dbs, new PolicyStore(database.Dbs, clock), clock);

        var why = await explain.ExecuteAsync(1, Day.AddDays(day), Cancel);

        Assert.NotNull(why);
        Assert.Equal(standing, why.Standing.ToString());
        Assert.Equal(phase, why.Verdict?.Phase.ToString());
        Assert.Equal(actor, why.Steps.Count == 0 ? null : why.Steps[0].Actor);
        Assert.Equal(version, why.Rule?.PolicyVersion);
        Assert.Equal(day < 0 ? 0 : 1, why.Evidence.Count);
        Assert.All(why.Evidence, e => Assert.True(e.LastAt <= why.At));
        Assert.All(why.Steps, s => Assert.True(s.At <= why.At));
        Assert.NotEmpty(why.Sentence);
    }

    [Fact]
    public async Task A_failure_is_shown_beside_the_evidence_that_stayed()
    {
        await using var database = await TestDatabase.CreateAsync(DatabaseProvider.Sqlite);
        await SeedAsync(database);
        await using (var db = await database.Dbs.CreateDbContextAsync(Cancel))
        {
            db.Observations.Add(Observation(9, Day.AddDays(30), Outcome.Failure, null));
            await db.SaveChangesAsync(Cancel);
        }

        var clock = new HandClock { Time = Day.AddDays(60) };
        var why = await new ExplainAddress(database.Dbs, new PolicyStore(database.Dbs, clock), clock).ExecuteAsync(1, Day.AddDays(31), Cancel);

        Assert.Equal([Outcome.Failure, Outcome.Answered], why!.Evidence.Select(e => e.Observation.Outcome));
        Assert.Equal(["pending delete", "redemption period"], why.Evidence[1].Observation.Rdap!.Statuses);
    }

    [Theory]
    [InlineData("ann@lapse.example", 1)]
    [InlineData("  Ann@LAPSE.example. ", 1)]
    [InlineData("nobody@lapse.example", 0)]
    [InlineData("no address", 0)]
    [InlineData("", 0)]
    public async Task An_address_is_found_however_it_is_written(string text, int count)
    {
        await using var database = await TestDatabase.CreateAsync(DatabaseProvider.Sqlite);
        await SeedAsync(database);
        var clock = new HandClock { Time = Day.AddDays(60) };
        Assert.Equal(count, (await new ExplainAddress(database.Dbs, new PolicyStore(database.Dbs, clock), clock).FindAsync(text, Cancel)).Count);
    }

    private static async Task SeedAsync(TestDatabase database)
    {
        await using var db = await database.Dbs.CreateDbContextAsync(Cancel);
        db.Users.Add(new GuardUser { Id = Ann, UserName = "ann", DisplayName = "Ann Alyst" });
        db.PolicyVersions.Add(new PolicyVersion { Version = 1, Json = GuardPolicy.Default.ToJson(), SavedAt = Day.AddDays(-1) });
        db.PolicyVersions.Add(new PolicyVersion { Version = 2, Json = GuardPolicy.Default.ToJson(), SavedAt = Day.AddDays(15) });
        db.Domains.Add(new Domain { Id = 1, Name = "lapse.example", Tld = "example", AddedAt = Day, AddressCount = 1, LastAnsweredAt = Day.AddDays(20), Phase = Phase.Redemption });
        db.Accounts.Add(new Account { Id = 1, ExternalId = "u1", SortName = "u1", AddedAt = Day, ChangedAt = Day });
        var address = new Address
        {
            Id = 1,
            AccountId = 1,
            DomainId = 1,
            Email = "Ann@lapse.example",
            SearchEmail = "ann@lapse.example",
            MailHost = "lapse.example",
            AddedAt = Day,
            BaselineFrom = Day,
            RetiredAt = Day.AddDays(50),
        };
        db.PhaseSpans.Add(new PhaseSpan { Id = 1, DomainId = 1, Phase = Phase.Active, Confidence = Confidence.Corroborated, From = Day.AddHours(1), To = Day.AddDays(10) });
        db.PhaseSpans.Add(new PhaseSpan { Id = 2, DomainId = 1, Phase = Phase.Redemption, Confidence = Confidence.Corroborated, From = Day.AddDays(10) });
        db.Observations.Add(Observation(1, Day.AddHours(1), Outcome.Answered, ["active"]));
        db.Observations.Add(Observation(2, Day.AddDays(10), Outcome.Answered, ["pending delete", "redemption period"]));

        var (opened, step) = CaseSteps.Open(7, address, 1, "lapse.example", CaseEvent.FindingUnverify, Finding(1), new StepBy(AuditActor.Policy(1, 3), Day.AddDays(10)))!.Value;
        db.AddRange(address, opened, step.Decision);
        db.Add(CaseSteps.Take(opened, address, "lapse.example", CaseEvent.Override, null, new StepBy(AuditActor.Staff(Ann, null), Day.AddDays(12)) { Reason = ReasonCode.RenewalSeen, Until = Day.AddDays(40) })!.Decision);
        db.Add(CaseSteps.Take(opened, address, "lapse.example", CaseEvent.WorseUnverify, Finding(2), new StepBy(AuditActor.Policy(2, 4), Day.AddDays(20)))!.Decision);
        db.Add(CaseSteps.Take(opened, address, "lapse.example", CaseEvent.FindingUnverify, Finding(2), new StepBy(AuditActor.Policy(2, 4), Day.AddDays(20).AddSeconds(1)))!.Decision);
        await db.SaveChangesAsync(Cancel);
    }

    private static CaseFinding Finding(int version) => new(
        new Finding(Situation.Redemption, PolicyAction.Unverify, PolicyAction.Unverify, Guard.None), Phase.Redemption, HandChange.None, Confidence.Corroborated, 60, null, version, 3);

    private static StoredObservation Observation(long id, DateTimeOffset at, Outcome outcome, string[]? statuses)
    {
        var row = ObservationCodec.Encode(1, new Observation(SourceKind.Rdap, "rdap.example", outcome, at, TimeSpan.FromMilliseconds(5))
        {
            Rdap = statuses is null ? null : new RdapFacts { Statuses = statuses },
            Failure = outcome == Outcome.Failure ? FailureKind.Timeout : default,
            Error = outcome == Outcome.Failure ? "timeout" : null,
        });
        row.Id = id;
        return row;
    }
}
