using System.Diagnostics;
using DomainGuard.Core.Scheduling;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Imports;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Sync;

/// <summary>One row of the query.</summary>
/// <param name="Cells">As it was read, a text per column of the query; null where there is no value.</param>
/// <param name="Item">What it would be taken as, or why it would be rejected.</param>
internal sealed record SqlPreviewRow(IReadOnlyList<string?> Cells, ImportItem Item);

/// <summary>What came of a preview.</summary>
internal abstract record SqlPreview
{
    /// <summary>The first rows.</summary>
    /// <param name="Columns">Of the query, in its order.</param>
    /// <param name="Rows">At most 20.</param>
    /// <param name="HasMore">There are more.</param>
    /// <param name="Took">How long the query took to give them.</param>
    internal sealed record Read(IReadOnlyList<string> Columns, IReadOnlyList<SqlPreviewRow> Rows, bool HasMore, TimeSpan Took) : SqlPreview;

    /// <summary>There are none to show.</summary>
    /// <param name="Problem">Why, and what to do.</param>
    internal sealed record Refused(string Problem) : SqlPreview;
}

/// <summary>Runs the query and shows its first rows as they would be taken. Nothing is written, here or there.</summary>
internal sealed class PreviewSqlSource(SqlSource source, GuardClock clock, IOptions<SqlSourceOptions> options)
{
    internal const int MostRows = 20;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>Reads them.</summary>
    public async Task<SqlPreview> ExecuteAsync(StaffMember by, CancellationToken cancel)
    {
        if (!by.May(Policies.Operate))
        {
            return new SqlPreview.Refused("This needs the role Administrator.");
        }

        if (!options.Value.IsOn)
        {
            return new SqlPreview.Refused($"The SQL source is off: {SqlSourceOptions.Section}:ConnectionString is missing.");
        }

        try
        {
            // Away from the page's own thread: SQLite has no other way to wait.
            return await Task.Run(() => ReadAsync(cancel), cancel);
        }
        catch (ImportUnreadableException e)
        {
            return new SqlPreview.Refused(e.Message);
        }
    }

    private async Task<SqlPreview> ReadAsync(CancellationToken cancel)
    {
        var watch = Stopwatch.StartNew();
        await using var rows = await source.OpenAsync(Limit, "the limit of a preview", cancel);
        List<SqlPreviewRow> read = new(MostRows);
        while (await rows.NextAsync(clock.Now) is { } item)
        {
            if (read.Count == MostRows)
            {
                return new SqlPreview.Read(rows.Columns, read, HasMore: true, watch.Elapsed);
            }

            read.Add(new SqlPreviewRow(rows.Current, item));
        }

        return new SqlPreview.Read(rows.Columns, read, HasMore: false, watch.Elapsed);
    }
}
