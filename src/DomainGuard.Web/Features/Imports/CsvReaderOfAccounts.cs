using System.Runtime.CompilerServices;

namespace DomainGuard.Web.Features.Imports;

/// <summary>
/// CSV, one row per address. Sample: <c>account_id,email,primary</c> / <c>u-1,"a@example.com",true</c>; malformed, seen in the wild: a quote inside an unquoted field.
/// </summary>
internal static class CsvReaderOfAccounts
{
    private static readonly string[] Columns =
        ["account_id", "user_name", "display_name", "email", "primary", "verified_at", "created_at", "last_seen_at", "two_factor", "privileged", "projects", "monthly_downloads"];

    public static async IAsyncEnumerable<ImportItem> ReadAsync(Stream file, DateTimeOffset now, Action<string> note, [EnumeratorCancellation] CancellationToken cancel)
    {
        var csv = new CsvRecords(file);
        var places = await csv.ReadAsync(cancel) switch
        {
            CsvRead.Record => ReadHeader([.. Enumerable.Range(0, csv.Count).Select(i => csv[i])], note),
            CsvRead.End => throw new ImportUnreadableException($"The file is empty. Its first line must name the columns: {string.Join(",", Columns)}; account_id and email are required."),
            _ => throw new ImportUnreadableException("The first line is no CSV header: " + string.Join(",", Columns)),
        };
        while (true)
        {
            var read = await csv.ReadAsync(cancel);
            if (read == CsvRead.End)
            {
                yield break;
            }

            yield return read switch
            {
                CsvRead.Record => ReadRow(csv, places, now),
                CsvRead.StrayQuote => new ImportBad(csv.Line, "", "has a quote where none may stand: put quotes around the whole field, and \"\" for a quote inside it"),
                CsvRead.Unclosed => new ImportBad(csv.Line, "", "opens a quote that is never closed, so the rest of the file could not be read"),
                _ => new ImportBad(csv.Line, "", "is longer than 1 MiB; perhaps a quote is never closed. Reading went on at the next line"),
            };
        }
    }

    private static ImportItem ReadRow(CsvRecords csv, int[] places, DateTimeOffset now)
    {
        if (csv.Count != places[^1])
        {
            return new ImportBad(csv.Line, "", $"has {csv.Count} fields; the header has {places[^1]}");
        }

        var fields = new ImportFields(now);
        string? Value(int column) => places[column] < 0 ? null : csv[places[column]];
        var id = fields.Text("account_id", Value(0), 200, required: true);
        var account = new AccountFacts
        {
            ExternalId = id ?? "",
            UserName = fields.Text("user_name", Value(1), 200),
            DisplayName = fields.Text("display_name", Value(2), 300),
            CreatedAt = fields.Instant("created_at", Value(6)),
            LastSeenAt = fields.Instant("last_seen_at", Value(7)),
            TwoFactor = fields.Flag("two_factor", Value(8)),
            Privileged = fields.Flag("privileged", Value(9)),
            Projects = fields.Number("projects", Value(10)),
            MonthlyDownloads = fields.Number("monthly_downloads", Value(11)),
        };
        var email = fields.Email("email", Value(3));
        var isPrimary = fields.Flag("primary", Value(4)) ?? false;
        var verifiedAt = fields.Instant("verified_at", Value(5));
        return fields.Field is { } field
            ? new ImportBad(csv.Line, field, fields.Reason!, id)
            : new ImportGood(csv.Line, account, new AddressFacts(email!, isPrimary, verifiedAt));
    }

    /// <summary>Place of each known column, -1 where it is missing; last, the number of columns.</summary>
    private static int[] ReadHeader(string[] header, Action<string> note)
    {
        var names = Array.ConvertAll(header, h => h.Trim().ToLowerInvariant());
        var places = Columns.Select(c => Array.IndexOf(names, c)).Append(names.Length).ToArray();
        foreach (var required in (int[])[0, 3])
        {
            if (places[required] < 0)
            {
                var separator = names.Length == 1 && names[0].AsSpan().IndexOfAny(';', '\t') is >= 0 and var at ? $" They seem to be separated by {(names[0][at] == ';' ? "semicolons" : "tabs")}." : "";
                throw new ImportUnreadableException($"The header has no column {Columns[required]}. Columns are separated by commas: {string.Join(",", Columns)}.{separator}");
            }
        }

        if (names.GroupBy(n => n).FirstOrDefault(g => g.Count() > 1 && Columns.Contains(g.Key)) is { } twice)
        {
            throw new ImportUnreadableException($"The header names the column {twice.Key} twice.");
        }

        foreach (var unknown in names.Except(Columns).Take(10))
        {
            note($"The column {ImportText.Quoted(unknown)} is not known and not read.");
        }

        return places;
    }
}
