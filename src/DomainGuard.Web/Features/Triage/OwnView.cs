using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;

namespace DomainGuard.Web.Features.Triage;

/// <summary>A view of the queue that a member of staff kept for himself: parameters of the page that hold where its URL says nothing else.</summary>
/// <param name="Id">Its key.</param>
/// <param name="Name">Its name, as typed: text, never markup.</param>
/// <param name="Kept">Values by the name of their parameter; those of <c>CaseFilter.Names</c>.</param>
public sealed record OwnView(long Id, string Name, IReadOnlyDictionary<string, string> Kept)
{
    /// <summary>What stands in the URL: "own-17".</summary>
    public string Key => "own-" + Id.ToString(CultureInfo.InvariantCulture);

    /// <summary>Reads what was kept.</summary>
    public static OwnView Read(long id, string name, string query) => new(id, name, QueryHelpers.ParseQuery(query).ToDictionary(p => p.Key, p => p.Value.ToString(), StringComparer.Ordinal));

    /// <summary>As it is kept.</summary>
    public static string Write(IReadOnlyDictionary<string, string> kept) => string.Join('&', kept.Select(p => $"{p.Key}={Uri.EscapeDataString(p.Value)}"));
}
