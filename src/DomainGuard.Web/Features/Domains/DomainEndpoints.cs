using DomainGuard.Core.Domains;
using DomainGuard.Data.Domains;
using DomainGuard.Web.Features.Api;
using DomainGuard.Web.Shared;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DomainGuard.Web.Features.Domains;

/// <summary>A watched domain and its latest verdict.</summary>
/// <param name="Name">A-label form.</param>
/// <param name="Phase">Where it stands in its life.</param>
/// <param name="PhaseSince">Since when we know it there.</param>
/// <param name="Flags">What is known beside it.</param>
/// <param name="Confidence">How well the phase is supported.</param>
/// <param name="HandChange">Worst change of hands among its addresses.</param>
/// <param name="AddressCount">Addresses in it.</param>
/// <param name="MaxImpact">Highest impact among its accounts, 0 to 1000.</param>
/// <param name="ExpiresAt">Expiration date by the registry.</param>
/// <param name="DropFrom">Earliest estimated drop; null when nothing points to one.</param>
/// <param name="DropTo">Latest estimated drop.</param>
/// <param name="LastAnsweredAt">When a look-up last had an answer.</param>
/// <param name="NextCheckAt">When it is due next; null when never.</param>
internal sealed record DomainItem(
    string Name, Phase Phase, DateTimeOffset? PhaseSince, IReadOnlyList<string> Flags, Confidence Confidence, HandChange HandChange, int AddressCount, int MaxImpact, DateTimeOffset? ExpiresAt, DateTimeOffset? DropFrom,
    DateTimeOffset? DropTo, DateTimeOffset? LastAnsweredAt, DateTimeOffset? NextCheckAt);

/// <summary>What a source last said of a domain. Of rdap, research and dns one is filled when it answered.</summary>
/// <param name="Source">The source.</param>
/// <param name="Host">The server that was asked.</param>
/// <param name="Outcome">What became of the question.</param>
/// <param name="Failure">Why it failed.</param>
/// <param name="Error">The failure in words.</param>
/// <param name="HttpStatus">HTTP status of the last answer.</param>
/// <param name="FirstAt">When it was first said.</param>
/// <param name="LastAt">When it was last said.</param>
/// <param name="Times">How many times.</param>
/// <param name="Rdap">The registration.</param>
/// <param name="Research">Status words of Fastly or Domainr.</param>
/// <param name="Dns">Delegation and mail routing.</param>
internal sealed record ObservationAnswer(
    SourceKind Source, string Host, Outcome Outcome, FailureKind Failure, string? Error, int? HttpStatus, DateTimeOffset FirstAt, DateTimeOffset LastAt, int Times, RdapFacts? Rdap, ResearchFacts? Research, DnsFacts? Dns);

/// <summary>A stretch of time in which the verdict stayed the same.</summary>
/// <param name="Phase">Phase.</param>
/// <param name="Flags">What was known beside it.</param>
/// <param name="Confidence">How well it was supported.</param>
/// <param name="From">Since when.</param>
/// <param name="To">Until when; null while it lasts.</param>
internal sealed record PhaseAnswer(Phase Phase, IReadOnlyList<string> Flags, Confidence Confidence, DateTimeOffset From, DateTimeOffset? To);

/// <summary>A domain with what its verdict rests on.</summary>
/// <param name="Domain">The verdict.</param>
/// <param name="Reasons">Why, most important first.</param>
/// <param name="HandReasons">Why an address reads as changed hands, of the address where it is worst.</param>
/// <param name="RegisteredAt">Registration date by the registry.</param>
/// <param name="LastTransferAt">Last transfer by the registry.</param>
/// <param name="RegistrarName">Registrar's name.</param>
/// <param name="RegistrarIanaId">Registrar's IANA id.</param>
/// <param name="Handle">Registry object id.</param>
/// <param name="LastTriedAt">When sources were last asked.</param>
/// <param name="FailuresInRow">Look-ups without an answer since the last one that had it.</param>
/// <param name="MailHosts">Mail hosts below it, at most 50.</param>
/// <param name="Observations">The latest of each source.</param>
/// <param name="History">Its phases as they were seen, oldest first, the latest 100.</param>
internal sealed record DomainAnswer(
    DomainItem Domain, IReadOnlyList<Reason> Reasons, IReadOnlyList<Reason> HandReasons, DateTimeOffset? RegisteredAt, DateTimeOffset? LastTransferAt, string? RegistrarName, string? RegistrarIanaId, string? Handle,
    DateTimeOffset? LastTriedAt, int FailuresInRow, IReadOnlyList<string> MailHosts, IReadOnlyList<ObservationAnswer> Observations, IReadOnlyList<PhaseAnswer> History);

/// <summary>Domains in the API.</summary>
internal static class DomainEndpoints
{
    private static readonly DomainFlags[] Flags = [.. Enum.GetValues<DomainFlags>().Where(f => f != DomainFlags.None)];

    /// <summary>Maps <c>/domains</c>.</summary>
    public static void MapDomains(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/domains").RequireAuthorization(ApiScope.AccountsRead).WithTags("Domains");
        group.MapList(
            "",
            ListAsync,
            ApiParameter.Text("name", "Name: exact or its beginning.", 255),
            ApiParameter.Word<Phase>("phase", "Domains in this phase."),
            ApiParameter.Word("flag", "Domains with this flag.", DomainFlags.None),
            ApiParameter.Text("tld", "Domains below this top-level domain.", 63),
            ApiParameter.Word("hands", "Domains that changed hands so for an address.", HandChange.None),
            ApiParameter.Flag("due", "true: domains that are due to be looked up."),
            ApiParameter.Word<DomainSort>("sort", "By name, nearest drop (those without one are left out), most addresses, or next check. By name when it is left out."))
            .WithName("listDomains").WithSummary("Watched domains with their latest verdict.");
        group.MapGet("/{name}", GetAsync).WithName("getDomain").WithSummary("One domain: verdict, reasons, evidence, history.");
    }

    /// <summary>The names of a set of flags.</summary>
    internal static IReadOnlyList<string> Names(DomainFlags flags) => [.. Flags.Where(f => flags.HasFlag(f)).Select(f => f.ToString())];

    private static async Task<Ok<ApiList<DomainItem>>> ListAsync(ApiQuery query, DomainQueries domains, HttpContext http)
    {
        var filter = new DomainFilter(
            query.Text("name") is { } name ? DomainName.TryNormalise(name, out var ascii, out _) ? ascii : name.ToLowerInvariant() : null,
            query.Word<Phase>("phase"), query.Word<DomainFlags>("flag"), UrlState.Tld(query.Text("tld")), query.Word<HandChange>("hands"), query.Flag("due") == true);
        return TypedResults.Ok(query.Answer(await domains.ListAsync(filter, query.Word<DomainSort>("sort") ?? DomainSort.Name, query.Position, query.Limit, http.RequestAborted), Of));
    }

    private static async Task<Results<Ok<DomainAnswer>, ApiProblem>> GetAsync(string name, DomainDetails details, HttpContext http)
    {
        if (await details.FindAsync(name, http.RequestAborted) is not { } view)
        {
            return ApiProblems.NotFound;
        }

        var d = view.Domain;
        return TypedResults.Ok(new DomainAnswer(
            new DomainItem(d.Name, d.Phase, d.PhaseSince, Names(d.Flags), d.Confidence, d.HandChange, d.AddressCount, d.MaxImpact, d.ExpiresAt, d.DropFrom, d.DropTo, d.LastAnsweredAt, d.NextCheckAt),
            view.Reasons, view.HandReasons, d.RegisteredAt, d.LastTransferAt, d.RegistrarName, d.RegistrarIanaId, d.Handle, d.LastTriedAt, d.FailuresInRow, view.MailHosts,
            [.. view.Latest.Select(Of)], [.. view.History.Select(Of)]));
    }

    private static DomainItem Of(DomainRow d) => new(
        d.Name, d.Phase, d.PhaseSince, Names(d.Flags), d.Confidence, d.HandChange, d.AddressCount, d.MaxImpact, d.ExpiresAt, d.DropFrom, d.DropTo, d.LastAnsweredAt, d.NextCheckAt);

    private static ObservationAnswer Of(ObservationRow row)
    {
        var o = row.Observation;
        return new ObservationAnswer(o.Source, o.Host, o.Outcome, o.Failure, o.Error, o.HttpStatus, row.FirstAt, o.AskedAt, row.Times, o.Rdap, o.Research, o.Dns);
    }

    private static PhaseAnswer Of(PhaseSpan span) => new(span.Phase, Names(span.Flags), span.Confidence, span.From, span.To);
}
