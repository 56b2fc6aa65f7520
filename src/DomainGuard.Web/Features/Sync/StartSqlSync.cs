using DomainGuard.Web.Auth;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Sync;

/// <summary>A person wants the query to run now. The wish is kept in the database, so that it is granted also when this process dies; who wished it stands in the audit trail when rows are written.</summary>
internal sealed class StartSqlSync(SqlSchedule schedule, IOptions<SqlSourceOptions> options)
{
    /// <summary>Keeps the wish.</summary>
    /// <returns>Null when it will run; else what speaks against it, in words.</returns>
    public async Task<string?> ExecuteAsync(StaffMember by, CancellationToken cancel)
    {
        if (!by.May(Policies.Operate))
        {
            return "This needs the role Administrator.";
        }

        return !options.Value.IsOn ? $"The SQL source is off: {SqlSourceOptions.Section}:ConnectionString is missing."
            : await schedule.IsRunningAsync(cancel) ? "A run is under way already."
            : await schedule.WishAsync(new SqlWish(by.Actor.Id, by.Actor.From, by.DisplayName), cancel) ? null
            : "Somebody asked for a run a moment ago.";
    }
}
