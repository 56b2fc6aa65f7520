using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Providers;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Tests.Scans;
using DomainGuard.Web.Features.Overview;

namespace DomainGuard.Tests.Overview;

public class ProtectionQueriesTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly AuditActor Policy = AuditActor.Policy(1, 1);
    private static readonly AuditActor Ann = AuditActor.Staff(new Guid("0195f000-0000-7000-8000-000000000001"), null);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<DatabaseProvider> Providers => [DatabaseProvider.Sqlite, DatabaseProvider.PostgreSql];

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Queue_counts_what_is_open_and_nothing_else(DatabaseProvider provider)
    {
        await using var database = await TestDatabase.CreateAsync(provider);
        await using (var db = await database.Dbs.CreateDbContextAsync(Cancel))
        {
            Add(db, 1, Phase.Redemption, CaseEvent.FindingUnverify, Situation.Redemption, 90, Now.AddDays(-3), drop: Now.AddDays(2));
            Add(db, 2, Phase.Redemption, CaseEvent.FindingReview, Situation.Redemption, 40, Now.AddDays(-9), drop: Now.AddDays(20));
            var closed = Add(db, 3, Phase.Active, CaseEvent.FindingReview, Situation.Parked, 20, Now.AddDays(-40));
            Take(db, closed, CaseEvent.Dismiss, Ann, Now.AddDays(-39));
            await db.SaveChangesAsync(Cancel);
        }

        var sum = await Queries(database).QueueAsync(Cancel);

        Assert.Equal(2, sum.Open);
        Assert.Equal(1, sum.BySeverity[Severity.Critical]);
        Assert.Equal(1, sum.BySeverity[Severity.Medium]);
        Assert.Equal(2, sum.Unassigned);
        Assert.Equal(Now.AddDays(2), sum.NearestDrop);
        Assert.Equal(Now.AddDays(-9), sum.OldestAt);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Days_tell_policy_people_and_restorations_apart(DatabaseProvider provider)
    {
        await using var database = await TestDatabase.CreateAsync(provider);
        await using (var db = await database.Dbs.CreateDbContextAsync(Cancel))
        {
            var a = Add(db, 1, Phase.Redemption, CaseEvent.FindingUnverify, Situation.Redemption, 60, Now.AddDays(-3));
            Take(db, a, CaseEvent.Confirm, Ann, Now.AddDays(-2));
            var b = Add(db, 2, Phase.Redemption, CaseEvent.FindingReview, Situation.Redemption, 60, Now.AddDays(-3));
            Take(db, b, CaseEvent.Unverify, Ann, Now.AddDays(-3).AddHours(1));
            Take(db, b, CaseEvent.Override, Ann, Now.AddDays(-2), Now.AddDays(30));
            var c = Add(db, 3, Phase.Redemption, CaseEvent.FindingUnverify, Situation.Redemption, 60, Now.AddDays(-200));
            Take(db, c, CaseEvent.OwnerReverified, Policy, Now);
            await db.SaveChangesAsync(Cancel);
        }

        var days = await Queries(database).DaysAsync(Cancel);

        Assert.Equal(ProtectionQueries.WindowDays, days.Count);
        Assert.Equal(Now.UtcDateTime.Date, days[^1].Day.UtcDateTime);
        Assert.Equal((1, 1, 0, 0), Sum(days[^4]));
        Assert.Equal((0, 0, 0, 1), Sum(days[^3]));
        Assert.Equal((0, 0, 1, 0), Sum(days[^1]));
        Assert.Equal(2, days.Sum(d => d.Unverified));
    }

    /// <summary>Each row: what happened to one domain, whether it counts as exposure.</summary>
    public static TheoryData<DatabaseProvider, string, bool> Lives
    {
        get
        {
            var data = new TheoryData<DatabaseProvider, string, bool>();
            foreach (var provider in new[] { DatabaseProvider.Sqlite, DatabaseProvider.PostgreSql })
            {
                data.Add(provider, "un-verified in redemption", false);
                data.Add(provider, "un-verified once released", true);
                data.Add(provider, "released, still verified", true);
                data.Add(provider, "released, overridden by a person", false);
                data.Add(provider, "released before it was taken in", false);
                data.Add(provider, "un-verified once registered again", true);
                data.Add(provider, "registered again, un-verified long before", false);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Lives))]
    public async Task Exposure_is_what_was_lost_before_we_acted(DatabaseProvider provider, string life, bool isExposed)
    {
        await using var database = await TestDatabase.CreateAsync(provider);
        await using (var db = await database.Dbs.CreateDbContextAsync(Cancel))
        {
            var domain = AddDomain(db, 1, life.Contains("registered again", StringComparison.Ordinal) ? Phase.Active : life.StartsWith("un-verified in", StringComparison.Ordinal) ? Phase.Redemption : Phase.Released);
            var address = AddAddress(db, 1);
            var taken = Now.AddDays(-60);
            domain.AddedAt = taken;
            if (life == "released before it was taken in")
            {
                Span(db, 1, Phase.Released, taken, null);
                Open(db, domain, address, CaseEvent.FindingUnverify, Situation.Released, 70, taken.AddMinutes(1));
            }
            else
            {
                Span(db, 1, Phase.Active, taken, Now.AddDays(-20));
                Span(db, 2, Phase.Redemption, Now.AddDays(-20), Now.AddDays(-10));
                Span(db, 3, Phase.Released, Now.AddDays(-10), null);
                switch (life)
                {
                    case "un-verified in redemption":
                        Open(db, domain, address, CaseEvent.FindingUnverify, Situation.Redemption, 60, Now.AddDays(-20).AddSeconds(38));
                        break;
                    case "un-verified once released":
                        Open(db, domain, address, CaseEvent.FindingUnverify, Situation.Released, 60, Now.AddDays(-10).AddMinutes(1));
                        break;
                    case "released, overridden by a person":
                        var overridden = Open(db, domain, address, CaseEvent.FindingReview, Situation.Released, 60, Now.AddDays(-10).AddMinutes(1));
                        db.Add(CaseSteps.Take(overridden, address, domain.Name, CaseEvent.Override, null, new StepBy(Ann, Now.AddDays(-9)) { Reason = ReasonCode.OwnerConfirmed, Until = Now.AddDays(30) })!.Decision);
                        break;
                    case "un-verified once registered again" or "registered again, un-verified long before":
                        domain.RegisteredAt = Now.AddDays(-5);
                        domain.HandChange = address.HandChange = HandChange.Reregistered;
                        db.Observations.Add(Answer(Now.AddDays(-4)));
                        var early = life.EndsWith("before", StringComparison.Ordinal);
                        Open(db, domain, address, CaseEvent.FindingUnverify, early ? Situation.Redemption : Situation.Reregistered, 100, early ? Now.AddDays(-20).AddSeconds(38) : Now.AddDays(-4).AddMinutes(2));
                        break;
                }
            }

            await db.SaveChangesAsync(Cancel);
        }

        var sum = await Queries(database).ExposureAsync(Cancel);

        Assert.Equal(isExposed ? 1 : 0, sum.Domains);
        Assert.Equal(isExposed ? "d1.example" : null, sum.Latest?.Domain);
        if (life.Contains("un-verified in", StringComparison.Ordinal))
        {
            Assert.Equal(TimeSpan.FromSeconds(38), sum.ToEnforcement!.Value.Median);
        }
    }

    private static (int, int, int, int) Sum(ProtectionDay day) => (day.ByPolicy, day.ByPerson, day.Restored, day.Overridden);

    private static ProtectionQueries Queries(TestDatabase database) => new(database.Dbs, new HandClock { Time = Now }, TimeProvider.System);

    private static (Case Case, Address Address, Domain Domain) Add(GuardDb db, long id, Phase phase, CaseEvent what, Situation situation, int points, DateTimeOffset at, DateTimeOffset? drop = null)
    {
        var (domain, address) = (AddDomain(db, id, phase), AddAddress(db, id));
        return (Open(db, domain, address, what, situation, points, at, drop), address, domain);
    }

    private static Domain AddDomain(GuardDb db, long id, Phase phase)
    {
        var domain = new Domain { Id = id, Name = $"d{id}.example", Tld = "example", Phase = phase, AddressCount = 1, AddedAt = Now.AddDays(-300), WatchedFor = WatchedFor.Addresses };
        db.Domains.Add(domain);
        db.Accounts.Add(new Account { Id = id, ExternalId = "u" + id, SortName = "u" + id, AddedAt = Now, ChangedAt = Now });
        return domain;
    }

    private static Address AddAddress(GuardDb db, long id)
    {
        var address = new Address { Id = id, AccountId = id, DomainId = id, Email = $"a@d{id}.example", SearchEmail = $"a@d{id}.example", MailHost = $"d{id}.example", AddedAt = Now, BaselineFrom = Now };
        db.Addresses.Add(address);
        return address;
    }

    private static Case Open(GuardDb db, Domain domain, Address address, CaseEvent what, Situation situation, int points, DateTimeOffset at, DateTimeOffset? drop = null)
    {
        var finding = new CaseFinding(
            new Finding(situation, PolicyAction.Unverify, PolicyAction.Unverify, Guard.None), domain.Phase, address.HandChange, Confidence.Corroborated, points, drop, 1, 1);
        var (opened, step) = CaseSteps.Open(domain.Id, address, domain.Id, domain.Name, what, finding, new StepBy(Policy, at))!.Value;
        db.AddRange(opened, step.Decision);
        return opened;
    }

    private static void Take(GuardDb db, (Case Case, Address Address, Domain Domain) of, CaseEvent what, AuditActor by, DateTimeOffset at, DateTimeOffset? until = null) =>
        db.Add(CaseSteps.Take(of.Case, of.Address, of.Domain.Name, what, null, new StepBy(by, at) { Reason = ReasonCode.DomainLapsed, Until = until })!.Decision);

    private static void Span(GuardDb db, long id, Phase phase, DateTimeOffset from, DateTimeOffset? to) =>
        db.PhaseSpans.Add(new PhaseSpan { Id = id, DomainId = 1, Phase = phase, Confidence = Confidence.Corroborated, From = from, To = to });

    private static StoredObservation Answer(DateTimeOffset at)
    {
        var row = ObservationCodec.Encode(1, new Observation(SourceKind.Rdap, "rdap.example", Outcome.Answered, at, TimeSpan.FromMilliseconds(5)) { Rdap = new RdapFacts { Statuses = ["active"] } });
        row.Id = 1;
        return row;
    }
}
