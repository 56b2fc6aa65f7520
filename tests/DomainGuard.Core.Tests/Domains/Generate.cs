using CsCheck;
using DomainGuard.Core.Domains;

namespace DomainGuard.Core.Tests.Domains;

/// <summary>Observations as sources send them, nonsense included.</summary>
internal static class Generate
{
    public static readonly Gen<string> Domain = Pick(
        "name.com", "name.co.uk", "name.de", "name.fr", "name.nl", "name.eu", "name.it", "name.jp", "name.com.au", "name.com.br", "name.id", "name.ai", "name.xx", "name", "");

    /// <summary>Around <see cref="Sample.Now"/>, and the clamped ends that registries send for "never".</summary>
    public static readonly Gen<DateTimeOffset> Instant = Gen.Frequency(
        (20, Gen.Int[-24 * 400, 24 * 400].Select(h => Sample.Now.AddHours(h))),
        (1, Pick(DateTimeOffset.MinValue, DateTimeOffset.MaxValue)));

    private static readonly Gen<DateTimeOffset> Recent = Gen.Int[0, 24 * 40].Select(h => Sample.Now.AddHours(-h));

    private static readonly Gen<DateTimeOffset?> Maybe = Gen.Bool.SelectMany(b => b ? Instant.Select(i => (DateTimeOffset?)i) : Gen.Const((DateTimeOffset?)null));

    private static readonly Gen<string> Status = Pick(
        RdapStatuses.Active, RdapStatuses.PendingRestore, RdapStatuses.RedemptionPeriod, RdapStatuses.PendingDelete, RdapStatuses.ClientHold, RdapStatuses.ServerHold,
        RdapStatuses.AutoRenewPeriod, RdapStatuses.ServerRenewProhibited, RdapStatuses.Inactive, RdapStatuses.AddPeriod, "removed", "", "published");

    private static readonly Gen<string?> Handle = Pick<string?>(null, "", "D1-X", "d1-x", "D2-X");

    private static readonly Gen<string[]> Hosts = Pick<string[]>([], Sample.HerServers, Sample.OtherServers, ["ns1.hers.example", "ns9.else.example"]);

    private static readonly Gen<string> Word = Pick(
        "active", "inactive", "undelegated", "unknown", "reserved", "claimed", "parked", "marketed", "priced", "expiring", "deleting", "premium", "tld", "");

    public static readonly Gen<RdapFacts> Facts = Gen.Select(Status.Array[0, 4], Maybe, Maybe, Maybe, Maybe, Handle, Hosts, Pick<string?>(null, "escrow_import", "R"))
        .Select(t => new RdapFacts
        {
            Statuses = t.Item1,
            RegisteredAt = t.Item2,
            ExpiresAt = t.Item3,
            LastChangedAt = t.Item4,
            DeletedAt = t.Item5,
            Handle = t.Item6,
            NameServers = t.Item7,
            RegistrationActor = t.Item8,
            RegistrarIanaId = t.Item6,
        });

    private static readonly Gen<DnsFacts> Zone = Gen.Select(Gen.Enum<Delegation>(), Hosts, Hosts, Gen.Enum<MailRoute>())
        .Select(t => new DnsFacts { Delegation = t.Item1, NameServers = t.Item2, MailHosts = [new("name.example", t.Item4, t.Item4 == MailRoute.Mx ? t.Item3 : [])] });

    private static readonly Gen<Observation> Rdap = Gen.Select(Facts, Recent, Gen.Int[0, 9]).Select(t => t.Item3 switch
    {
        0 => Sample.NotFound(t.Item2),
        1 => Sample.Reserved(t.Item2),
        _ => Sample.Rdap(t.Item1, t.Item2),
    });

    private static readonly Gen<Observation> Research = Gen.Select(Word.Array[0, 4], Recent, Gen.Bool)
        .Select(t => t.Item3 ? Sample.Fastly(string.Join(' ', t.Item1), t.Item2) : Sample.Domainr(string.Join(' ', t.Item1), t.Item2));

    private static readonly Gen<Observation> Dns = Gen.Select(Zone, Recent).Select(t => Sample.Dns(t.Item1, t.Item2));

    /// <summary>What is no evidence: failures of every kind, and "not served".</summary>
    public static readonly Gen<Observation> NoEvidence = Gen.Select(Gen.Enum<SourceKind>(), Gen.Enum<FailureKind>(), Recent)
        .Select(t => t.Item2 == FailureKind.None ? Sample.NotServed(t.Item1) : Sample.Failed(t.Item1, t.Item2, t.Item3));

    /// <summary>At most one piece of evidence per source.</summary>
    public static readonly Gen<Observation[]> Evidence = Gen.Select(Rdap, Research, Dns, Gen.Int[0, 7])
        .Select(t => new[] { t.Item1, t.Item2, t.Item3 }.Where((_, i) => (t.Item4 & (1 << i)) != 0).ToArray());

    public static readonly Gen<Baseline?> Baseline = Gen.Select(Maybe, Handle, Maybe, Hosts, Hosts, Maybe, Gen.Int[0, 4]).Select(t => t.Item7 == 0 ? null : new Baseline
    {
        RegisteredAt = t.Item1,
        Handle = t.Item2,
        RegistrationSeenAt = t.Item3,
        RegistrarIanaId = t.Item2,
        NameServers = t.Item4,
        MxHosts = t.Item5,
        DnsSeenAt = t.Item6,
    });

    public static readonly Gen<JudgeInput> JudgeInput = Gen.Select(Domain, Evidence, NoEvidence.Array[0, 3], Instant, Gen.Bool, Gen.Enum<Phase>(), Maybe)
        .Select(t => new JudgeInput
        {
            Domain = t.Item1,
            Observations = [.. t.Item2, .. t.Item3],
            Now = t.Item4,
            SharesRegistrationDate = t.Item5,
            KnownPhase = t.Item6,
            KnownPhaseSince = t.Item7,
        });

    public static readonly Gen<HandInput> HandInput = Gen.Select(JudgeInput, Gen.Select(Maybe, Maybe, Maybe, Maybe), Gen.Select(Maybe, Maybe, Maybe), Baseline, Gen.Enum<Phase>())
        .Select((judge, times, past, baseline, lapse) => new HandInput
        {
            Verdict = DomainJudge.Judge(judge),
            Observations = judge.Observations,
            Now = judge.Now,
            VerifiedAt = times.Item1,
            AccountCreatedAt = times.Item2,
            LapseSeenFrom = times.Item3,
            LapseSeenTo = times.Item4,
            LapsePhase = lapse,
            PastTermFrom = past.Item1,
            PastTermTo = past.Item2,
            MovedAt = past.Item3,
            Baseline = baseline,
        });

    private static Gen<T> Pick<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
