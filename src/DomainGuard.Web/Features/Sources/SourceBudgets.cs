using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;

namespace DomainGuard.Web.Features.Sources;

/// <summary>Questions a day that each source may be asked by the whole installation.</summary>
internal sealed class SourceBudgets
{
    private readonly Dictionary<SourceKind, int> _limits = Enum.GetValues<SourceKind>().ToDictionary(s => s, LookupBudget.DefaultPerDay);

    /// <summary>Questions a day.</summary>
    public int this[SourceKind source]
    {
        get => _limits[source];
        set => _limits[source] = value;
    }
}
