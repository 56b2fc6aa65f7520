using DomainGuard.Core.Domains;

namespace DomainGuard.Core.Tests.Domains;

/// <summary>Short ways to say what a source said.</summary>
internal static class Sample
{
    public static readonly DateTimeOffset Now = Utc(2026, 11, 24, 14);

    public static readonly string[] HerServers = ["ns1.hers.example", "ns2.hers.example"];
    public static readonly string[] HerMx = ["mx.hers.example"];
    public static readonly string[] OtherServers = ["ns1.droplane.example", "ns2.droplane.example"];
    public static readonly string[] OtherMx = ["mx1.droplane.example"];

    public static DateTimeOffset Utc(int year, int month, int day, int hour = 0) => new(year, month, day, hour, 0, 0, TimeSpan.Zero);

    public static Observation Rdap(RdapFacts facts, DateTimeOffset? at = null) => Asked(SourceKind.Rdap, Outcome.Answered, at) with { Rdap = facts };

    public static Observation Rdap(params string[] statuses) => Rdap(Registered(statuses));

    public static RdapFacts Registered(params string[] statuses) => new()
    {
        Statuses = statuses,
        RegisteredAt = Utc(2015, 3, 1),
        ExpiresAt = Utc(2027, 6, 1),
        LastChangedAt = Utc(2026, 5, 1),
        NameServers = HerServers,
    };

    public static Observation NotFound(DateTimeOffset? at = null) => Asked(SourceKind.Rdap, Outcome.NotFound, at) with { HttpStatus = 404 };

    public static Observation Reserved(DateTimeOffset? at = null) => Asked(SourceKind.Rdap, Outcome.Reserved, at) with { HttpStatus = 404 };

    public static Observation NotServed(SourceKind source = SourceKind.Rdap) => Asked(source, Outcome.NotServed, null);

    public static Observation Failed(SourceKind source, FailureKind failure = FailureKind.Timeout, DateTimeOffset? at = null) =>
        Asked(source, Outcome.Failure, at) with { Failure = failure, Error = "no answer" };

    public static Observation Fastly(string words, DateTimeOffset? at = null) => Words(SourceKind.Fastly, words, at);

    public static Observation Domainr(string words, DateTimeOffset? at = null) => Words(SourceKind.Domainr, words, at);

    public static Observation Delegated(DateTimeOffset? at = null) => Delegated(HerServers, HerMx, at);

    public static Observation Delegated(string[] nameServers, string[] mx, DateTimeOffset? at = null) => Dns(
        new()
        {
            Delegation = Delegation.Delegated,
            NameServers = nameServers,
            MailHosts = [new("name.example", mx.Length > 0 ? MailRoute.Mx : MailRoute.None, mx)],
        },
        at);

    public static Observation NxDomain(DateTimeOffset? at = null) => Dns(
        new() { Delegation = Delegation.NxDomain, SoaOwner = "com", MailHosts = [new("name.example", MailRoute.None, [])] }, at);

    public static Observation Dns(DnsFacts facts, DateTimeOffset? at = null) => Asked(SourceKind.Dns, Outcome.Answered, at) with { Dns = facts };

    public static Verdict Judge(string domain, params Observation[] observations) =>
        DomainJudge.Judge(new() { Domain = domain, Observations = observations, Now = Now });

    private static Observation Words(SourceKind source, string words, DateTimeOffset? at) =>
        Asked(source, Outcome.Answered, at) with { Research = new(words.Split(' ', StringSplitOptions.RemoveEmptyEntries)) };

    private static Observation Asked(SourceKind source, Outcome outcome, DateTimeOffset? at) =>
        new(source, source == SourceKind.Dns ? "dns" : $"{source}.example".ToLowerInvariant(), outcome, at ?? Now, TimeSpan.FromMilliseconds(80));
}
