using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;

namespace DomainGuard.Web.Features.Imports;

/// <summary>
/// CSV (RFC 4180), one row per address. Sample: <c>account_id,email,primary</c> / <c>u-1,"a@example.com",true</c>; malformed, seen in the wild: a quote inside an unquoted field.
/// </summary>
internal static class CsvReaderOfAccounts
{
    private const int MaxField = 16 * 1024 * 1024;

    private static readonly string[] Columns =
        ["account_id", "user_name", "display_name", "email", "primary", "verified_at", "created_at", "last_seen_at", "two_factor", "privileged", "projects", "monthly_downloads"];

    public static async IAsyncEnumerable<ImportItem> ReadAsync(Stream file, DateTimeOffset now, Action<string> note, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var text = new StreamReader(file, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: false, bufferSize: 64 * 1024);
        var broken = false;
        var configuration = new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            MaxFieldSize = MaxField,
            BadDataFound = _ => broken = true,
            DetectColumnCountChanges = false,
            IgnoreBlankLines = true,
            BufferSize = 64 * 1024,
        };
        using var csv = new CsvParser(text, configuration);
        if (!await NextAsync(csv))
        {
            throw new ImportUnreadableException("The file is empty. Its first line must name the columns: account_id, email and others.");
        }

        var places = ReadHeader(csv.Record!, note);
        while (await NextAsync(csv))
        {
            cancel.ThrowIfCancellationRequested();
            yield return broken ? new ImportBad(csv.RawRow, "", "has a quote in a field that is not quoted; write \"\" for a quote, and quotes around the field") : ReadRow(csv, places, now);
            broken = false;
        }
    }

    private static ImportItem ReadRow(CsvParser csv, int[] places, DateTimeOffset now)
    {
        var record = csv.Record!;
        if (record.Length != places[^1])
        {
            return new ImportBad(csv.RawRow, "", $"has {record.Length} fields; the header has {places[^1]}");
        }

        var fields = new ImportFields(now);
        string? Value(int column) => places[column] < 0 ? null : record[places[column]];
        var id = fields.Text("account_id", Value(0), 200, required: true);
        var account = new AccountFacts
        {
            ExternalId = id ?? "",
            UserName = fields.Text("user_name", Value(1), 200),
            DisplayName = fields.Text("display_name", Value(2), 300),
            CreatedAt = fields.Instant("created_at", Value(6), isPast: true),
            LastSeenAt = fields.Instant("last_seen_at", Value(7), isPast: true),
            TwoFactor = fields.Flag("two_factor", Value(8)),
            Privileged = fields.Flag("privileged", Value(9)),
            Projects = fields.Number("projects", Value(10)),
            MonthlyDownloads = fields.Number("monthly_downloads", Value(11)),
        };
        var email = fields.Email("email", Value(3));
        var isPrimary = fields.Flag("primary", Value(4)) ?? false;
        var verifiedAt = fields.Instant("verified_at", Value(5), isPast: true);
        return fields.Field is { } field
            ? new ImportBad(csv.RawRow, field, fields.Reason!)
            : new ImportGood(csv.RawRow, account, new AddressFacts(email!, isPrimary, verifiedAt));
    }

    /// <summary>Place of each known column, -1 where it is missing; last, the number of columns.</summary>
    private static int[] ReadHeader(string[] header, Action<string> note)
    {
        var names = Array.ConvertAll(header, h => h.Trim().TrimStart('\uFEFF').ToLowerInvariant());
        var places = Columns.Select(c => Array.IndexOf(names, c)).Append(names.Length).ToArray();
        foreach (var required in (int[])[0, 3])
        {
            if (places[required] < 0)
            {
                throw new ImportUnreadableException($"The header has no column {Columns[required]}. Columns are separated by commas: {string.Join(",", Columns)}.");
            }
        }

        if (names.GroupBy(n => n).FirstOrDefault(g => g.Count() > 1 && Columns.Contains(g.Key)) is { } twice)
        {
            throw new ImportUnreadableException($"The header names the column {twice.Key} twice.");
        }

        foreach (var unknown in names.Except(Columns).Take(10))
        {
            note($"The column '{unknown}' is not known and not read.");
        }

        return places;
    }

    private static async Task<bool> NextAsync(CsvParser csv)
    {
        try
        {
            return await csv.ReadAsync();
        }
        catch (DecoderFallbackException e)
        {
            throw new ImportUnreadableException(ImportText.NotUtf8(csv.RawRow + 1), e);
        }
        catch (MaxFieldSizeException e)
        {
            throw new ImportUnreadableException($"Line {csv.RawRow + 1} has a field of more than 16 MiB: a quote is not closed, or this is no CSV.", e);
        }
    }
}
