using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Web.Features.Policy;

namespace DomainGuard.Web.Features.Sources;

/// <summary>Questions a day that each source may be asked by the whole installation: those of the policy in force, whoever saved it and in which process, within a second.</summary>
internal sealed class SourceBudgets(PolicyStore policies, TimeProvider time)
{
    private static readonly TimeSpan HoldsFor = TimeSpan.FromSeconds(1);

    private Known? _known;

    /// <summary>Questions a day.</summary>
    public async ValueTask<int> OfAsync(SourceKind source, CancellationToken cancel)
    {
        if (_known is not { } known || time.GetElapsedTime(known.At) > HoldsFor)
        {
            _known = known = new Known((await policies.CurrentAsync(cancel)).Policy, time.GetTimestamp());
        }

        return BudgetOutlook.Budget(known.Policy, source);
    }

    private sealed record Known(GuardPolicy Policy, long At);
}
