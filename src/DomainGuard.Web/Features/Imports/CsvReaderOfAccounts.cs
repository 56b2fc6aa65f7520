using System.Runtime.CompilerServices;

namespace DomainGuard.Web.Features.Imports;

/// <summary>The cells of one row of a list with one row per address, by the place of their column in <see cref="CsvReaderOfAccounts.Columns"/>.</summary>
internal interface IAccountCells
{
    /// <summary>The text of a cell; null when the list has no such column, or no value there.</summary>
    string? this[int column] { get; }
}

/// <summary>
/// CSV, one row per address. Sample: <c>account_id,email,primary</c> / <c>u-1,"a@example.com",true</c>; malformed, seen in the wild: a quote inside an unquoted field.
/// </summary>
internal static class CsvReaderOfAccounts
{
    /// <summary>The columns that are known.</summary>
    internal static readonly string[] Columns =
        ["account_id", "user_name", "display_name", "email", "primary", "verified_at", "created_at", "last_seen_at", "two_factor", "privileged", "projects", "monthly_downloads"];

    /// <summary>Places of the columns that no list may lack.</summary>
    internal static readonly int[] Required = [0, 3];

    /// <summary>Whether the column at a place holds instants.</summary>
    internal static bool IsInstant(int column) => column is 5 or 6 or 7;

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

        return ReadRow(csv.Line, new Cells(csv, places), now);
    }

    /// <summary>Reads a row by the rules of all lists.</summary>
    internal static ImportItem ReadRow<T>(int line, T cells, DateTimeOffset now)
        where T : IAccountCells
    {
        var fields = new ImportFields(now);
        var id = fields.Text("account_id", cells[0], 200, required: true);
        var account = new AccountFacts
        {
            ExternalId = id ?? "",
            UserName = fields.Text("user_name", cells[1], 200),
            DisplayName = fields.Text("display_name", cells[2], 300),
            CreatedAt = fields.Instant("created_at", cells[6]),
            LastSeenAt = fields.Instant("last_seen_at", cells[7]),
            TwoFactor = fields.Flag("two_factor", cells[8]),
            Privileged = fields.Flag("privileged", cells[9]),
            Projects = fields.Number("projects", cells[10]),
            MonthlyDownloads = fields.Number("monthly_downloads", cells[11]),
        };
        var email = fields.Email("email", cells[3]);
        var isPrimary = fields.Flag("primary", cells[4]) ?? false;
        var verifiedAt = fields.Instant("verified_at", cells[5]);
        return fields.Field is { } field
            ? new ImportBad(line, field, fields.Reason!, id)
            : new ImportGood(line, account, new AddressFacts(email!, isPrimary, verifiedAt));
    }

    /// <summary>Place of each known column, -1 where it is missing; last, the number of columns.</summary>
    private static int[] ReadHeader(string[] header, Action<string> note)
    {
        var names = Array.ConvertAll(header, h => h.Trim().ToLowerInvariant());
        var places = Columns.Select(c => Array.IndexOf(names, c)).Append(names.Length).ToArray();
        foreach (var required in Required)
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

    private readonly struct Cells(CsvRecords csv, int[] places) : IAccountCells
    {
        public string? this[int column] => places[column] < 0 ? null : csv[places[column]];
    }
}
