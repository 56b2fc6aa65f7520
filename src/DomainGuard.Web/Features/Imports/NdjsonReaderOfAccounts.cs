using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace DomainGuard.Web.Features.Imports;

/// <summary>
/// NDJSON, one account per line. Sample: <c>{"accountId":"u-1","addresses":[{"email":"a@example.com","primary":true}]}</c>; malformed, seen in the wild: a pretty-printed
/// object over several lines. A line of more than 1 MiB is rejected and passed over without being kept.
/// </summary>
internal static class NdjsonReaderOfAccounts
{
    private const int MaxLine = 1024 * 1024;
    private const int MaxAddresses = 1_000;

    private static readonly HashSet<string> Members = new(
        ["accountId", "userName", "displayName", "createdAt", "lastSeenAt", "twoFactor", "privileged", "projects", "monthlyDownloads", "addresses"], StringComparer.Ordinal);

    private static readonly HashSet<string> AddressMembers = new(["email", "primary", "verifiedAt", "proof"], StringComparer.Ordinal);

    public static async IAsyncEnumerable<ImportItem> ReadAsync(Stream file, DateTimeOffset now, Action<string> note, [EnumeratorCancellation] CancellationToken cancel)
    {
        var noted = new HashSet<string>(StringComparer.Ordinal);
        var line = 0;
        var items = new List<ImportItem>();
        await foreach (var bytes in LinesAsync(file, cancel))
        {
            line++;
            if (bytes is null)
            {
                yield return new ImportBad(line, "", "is longer than 1 MiB; one account per line is meant");
                continue;
            }

            if (bytes.Value.Span.Trim(" \t\r"u8).IsEmpty)
            {
                continue;
            }

            items.Clear();
            ReadLine(bytes.Value, line, now, items, name =>
            {
                if (noted.Count < 10 && noted.Add(name))
                {
                    note($"The member {ImportText.Quoted(name)} is not known and not read.");
                }
            });
            foreach (var item in items)
            {
                yield return item;
            }
        }

        if (line == 0)
        {
            throw new ImportUnreadableException("The file is empty. Each line must hold one account as a JSON object.");
        }
    }

    private static void ReadLine(ReadOnlyMemory<byte> bytes, int line, DateTimeOffset now, List<ImportItem> items, Action<string> unknown)
    {
        // Strings are not checked when JSON is parsed.
        if (!System.Text.Unicode.Utf8.IsValid(bytes.Span))
        {
            throw new ImportUnreadableException(ImportText.NotUtf8(line));
        }

        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                items.Add(new ImportBad(line, "", "is JSON, but no object"));
                return;
            }

            ReadAccount(document.RootElement, line, now, items, unknown);
        }
        catch (JsonException)
        {
            items.Add(new ImportBad(line, "", "is no whole JSON object, or names a member twice; one account per line, each on a single line"));
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate in a name (\ud800) can be parsed and not be read.
            items.Add(new ImportBad(line, "", "has a member whose name is no text"));
        }
    }

    private static void ReadAccount(JsonElement root, int line, DateTimeOffset now, List<ImportItem> items, Action<string> unknown)
    {
        Note(root, Members, unknown);

        var fields = new ImportFields(now);
        var account = new AccountFacts
        {
            ExternalId = fields.Text("accountId", Value(root, "accountId", ref fields), 200, required: true) ?? "",
            UserName = fields.Text("userName", Value(root, "userName", ref fields), 200),
            DisplayName = fields.Text("displayName", Value(root, "displayName", ref fields), 300),
            CreatedAt = fields.Instant("createdAt", Value(root, "createdAt", ref fields)),
            LastSeenAt = fields.Instant("lastSeenAt", Value(root, "lastSeenAt", ref fields)),
            TwoFactor = fields.Flag("twoFactor", Value(root, "twoFactor", ref fields)),
            Privileged = fields.Flag("privileged", Value(root, "privileged", ref fields)),
            Projects = fields.Number("projects", Value(root, "projects", ref fields)),
            MonthlyDownloads = fields.Number("monthlyDownloads", Value(root, "monthlyDownloads", ref fields)),
        };
        var addresses = root.TryGetProperty("addresses", out var list) ? list : default;
        if (addresses.ValueKind is not (JsonValueKind.Array or JsonValueKind.Undefined or JsonValueKind.Null))
        {
            fields.Reject("addresses", "is no array");
        }
        else if (addresses.ValueKind == JsonValueKind.Array && addresses.GetArrayLength() > MaxAddresses)
        {
            fields.Reject("addresses", $"has more than {MaxAddresses} entries");
        }

        if (fields.Field is { } field)
        {
            items.Add(new ImportBad(line, field, fields.Reason!, account.ExternalId.Length == 0 ? null : account.ExternalId));
            return;
        }

        if (addresses.ValueKind != JsonValueKind.Array || addresses.GetArrayLength() == 0)
        {
            items.Add(new ImportGood(line, account, null));
            return;
        }

        foreach (var address in addresses.EnumerateArray())
        {
            items.Add(ReadAddress(address, line, now, account, unknown));
        }
    }

    private static ImportItem ReadAddress(JsonElement address, int line, DateTimeOffset now, AccountFacts account, Action<string> unknown)
    {
        var fields = new ImportFields(now);
        if (address.ValueKind != JsonValueKind.Object)
        {
            return new ImportBad(line, "addresses", "holds something that is no object", account.ExternalId);
        }

        Note(address, AddressMembers, unknown);
        var email = fields.Email("email", Value(address, "email", ref fields));
        var isPrimary = fields.Flag("primary", Value(address, "primary", ref fields)) ?? false;
        var verifiedAt = fields.Instant("verifiedAt", Value(address, "verifiedAt", ref fields));
        var proof = fields.Proof("proof", Value(address, "proof", ref fields));
        return fields.Field is { } field ? new ImportBad(line, field, fields.Reason!, account.ExternalId)
            : new ImportGood(line, account, new AddressFacts(email!, isPrimary, verifiedAt, proof));
    }

    private static void Note(JsonElement holder, HashSet<string> known, Action<string> unknown)
    {
        foreach (var member in holder.EnumerateObject())
        {
            if (!known.Contains(member.Name))
            {
                unknown(member.Name);
            }
        }
    }

    private static string? Value(JsonElement holder, string name, ref ImportFields fields)
    {
        if (!holder.TryGetProperty(name, out var member))
        {
            return null;
        }

        try
        {
            switch (member.ValueKind)
            {
                case JsonValueKind.String:
                    return member.GetString();
                case JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False:
                    return member.GetRawText();
                case JsonValueKind.Null:
                    return null;
            }
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate: can be parsed and not be read.
        }

        fields.Reject(name, "has a value of another type than is meant");
        return null;
    }

    /// <summary>Lines without their end; null for one that is too long. The memory of a line is good until the next one is asked for.</summary>
    private static async IAsyncEnumerable<ReadOnlyMemory<byte>?> LinesAsync(Stream file, [EnumeratorCancellation] CancellationToken cancel)
    {
        var reader = PipeReader.Create(file, new StreamPipeReaderOptions(bufferSize: 64 * 1024));
        var skipping = false;
        while (true)
        {
            var result = await reader.ReadAsync(cancel);
            var buffer = result.Buffer;
            while (buffer.PositionOf((byte)'\n') is { } end)
            {
                if (skipping)
                {
                    skipping = false;
                    yield return null;
                }
                else
                {
                    var line = buffer.Slice(0, end);
                    yield return line.Length > MaxLine ? null : line.IsSingleSegment ? line.First : line.ToArray();
                }

                buffer = buffer.Slice(buffer.GetPosition(1, end));
            }

            if (buffer.Length > MaxLine)
            {
                skipping = true;
                buffer = buffer.Slice(buffer.End);
            }

            if (result.IsCompleted)
            {
                if (skipping)
                {
                    yield return null;
                }
                else if (buffer.Length > 0)
                {
                    yield return buffer.ToArray();
                }

                await reader.CompleteAsync();
                yield break;
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }
}
