using System.Globalization;
using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Data.Paging;

/// <summary>Where in a list a page lies, as the URL says it: after a row, before a row, at the end, or (all null) at the beginning.</summary>
/// <param name="After">Cursor of the last row of the page before.</param>
/// <param name="Before">Cursor of the first row of the page after; "end" is the last page.</param>
public sealed record ListPosition(string? After = null, string? Before = null)
{
    /// <summary>As <see cref="Before"/>: the last page.</summary>
    public const string End = "end";
}

/// <summary>A page of a list.</summary>
/// <param name="Items">Its rows, in the order of the list.</param>
/// <param name="Previous">Cursor for the page before (as "before"); null on the first page.</param>
/// <param name="Next">Cursor for the page after (as "after"); null on the last page.</param>
public sealed record KeysetPage<T>(IReadOnlyList<T> Items, string? Previous, string? Next);

/// <summary>
/// Pages by key: the next page begins after the last row of this one, so that page 10,000 costs what page 1 costs. Every order ends with the id. The predicate is written
/// <c>key >= k and (key > k or id > i)</c>, which every provider answers from an index on (key, id).
/// </summary>
public static class Keyset
{
    /// <summary>Reads a page.</summary>
    /// <typeparam name="T">Entity.</typeparam>
    /// <typeparam name="TKey">Sort key: text, a number or an instant; never null in the rows of <paramref name="source"/>.</typeparam>
    /// <typeparam name="TRow">What the list shows; carries key and id.</typeparam>
    /// <param name="source">Filtered rows.</param>
    /// <param name="key">Sort key.</param>
    /// <param name="id">Id.</param>
    /// <param name="descending">Both key and id descend.</param>
    /// <param name="position">Which page. A cursor that cannot be read gives the first page.</param>
    /// <param name="size">Rows per page.</param>
    /// <param name="select">Projection.</param>
    /// <param name="cursor">Key and id of a projected row.</param>
    /// <param name="cancel">Cancels.</param>
    public static async Task<KeysetPage<TRow>> PageAsync<T, TKey, TRow>(
        IQueryable<T> source, Expression<Func<T, TKey>> key, Expression<Func<T, long>> id, bool descending, ListPosition position, int size, Expression<Func<T, TRow>> select,
        Func<TRow, (TKey Key, long Id)> cursor, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(position);
        ArgumentNullException.ThrowIfNull(cursor);
        var backwards = position.Before is not null;
        var start = Parse<TKey>(position.Before ?? position.After);
        var up = descending == backwards;
        var query = start is { } s ? source.Where(Beyond(key, id, s.Key, s.Id, up)) : source;
        var ordered = up ? query.OrderBy(key).ThenBy(id) : query.OrderByDescending(key).ThenByDescending(id);
        var rows = await ordered.Take(size + 1).Select(select).ToListAsync(cancel);
        var hasMore = rows.Count > size;
        if (hasMore)
        {
            rows.RemoveAt(size);
        }

        if (backwards)
        {
            rows.Reverse();
        }

        if (rows.Count == 0)
        {
            return new KeysetPage<TRow>([], null, null);
        }

        var hasPrevious = backwards ? hasMore : start is not null;
        var hasNext = backwards ? start is not null : hasMore;
        return new KeysetPage<TRow>(rows, hasPrevious ? Text(cursor(rows[0])) : null, hasNext ? Text(cursor(rows[^1])) : null);
    }

    private static Expression<Func<T, bool>> Beyond<T, TKey>(Expression<Func<T, TKey>> key, Expression<Func<T, long>> id, TKey k, long i, bool up)
    {
        var row = key.Parameters[0];
        var idBody = new Replace(id.Parameters[0], row).Visit(id.Body);
        // Captured in a box, so that EF sends parameters and keeps one plan.
        var box = Expression.Constant(new Box<TKey>(k, i));
        var keyValue = Expression.Property(box, nameof(Box<TKey>.Key));
        var idValue = Expression.Property(box, nameof(Box<TKey>.Id));
        var isText = typeof(TKey) == typeof(string);
        var left = isText ? Expression.Call(typeof(string), nameof(string.Compare), null, key.Body, keyValue) : key.Body;
        Expression right = isText ? Expression.Constant(0) : keyValue;
        var notBefore = up ? Expression.GreaterThanOrEqual(left, right) : Expression.LessThanOrEqual(left, right);
        var beyond = up ? Expression.GreaterThan(left, right) : Expression.LessThan(left, right);
        var idBeyond = up ? Expression.GreaterThan(idBody, idValue) : Expression.LessThan(idBody, idValue);
        return Expression.Lambda<Func<T, bool>>(Expression.AndAlso(notBefore, Expression.OrElse(beyond, idBeyond)), row);
    }

    private static string Text<TKey>((TKey Key, long Id) cursor)
    {
        var key = cursor.Key switch
        {
            DateTimeOffset at => at.UtcTicks.ToString(CultureInfo.InvariantCulture),
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            var text => text?.ToString() ?? "",
        };
        return $"{cursor.Id.ToString(CultureInfo.InvariantCulture)}~{key}";
    }

    private static (TKey Key, long Id)? Parse<TKey>(string? text)
    {
        var tilde = text?.IndexOf('~', StringComparison.Ordinal) ?? -1;
        if (tilde < 0 || !long.TryParse(text.AsSpan(0, tilde), NumberStyles.Integer, CultureInfo.InvariantCulture, out var id))
        {
            return null;
        }

        var key = text![(tilde + 1)..];
        object? value = Type.GetTypeCode(typeof(TKey)) switch
        {
            TypeCode.String => key,
            TypeCode.Int32 => int.TryParse(key, NumberStyles.Integer, CultureInfo.InvariantCulture, out var n) ? n : null,
            TypeCode.Int64 => long.TryParse(key, NumberStyles.Integer, CultureInfo.InvariantCulture, out var n) ? n : null,
            _ => long.TryParse(key, NumberStyles.Integer, CultureInfo.InvariantCulture, out var ticks) && ticks >= 0 && ticks <= DateTime.MaxValue.Ticks
                ? new DateTimeOffset(ticks, TimeSpan.Zero) : null,
        };
        return value is null ? null : ((TKey)value, id);
    }

    private sealed record Box<TKey>(TKey Key, long Id);

    private sealed class Replace(ParameterExpression from, ParameterExpression to) : ExpressionVisitor
    {
        protected override Expression VisitParameter(ParameterExpression node) => node == from ? to : node;
    }
}
