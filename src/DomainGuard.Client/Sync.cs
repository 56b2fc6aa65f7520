using System.Buffers;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace DomainGuard.Client;

/// <summary>An account to tell. What is null is not said: in a full list that makes it "not known", in a partial list nothing changes.</summary>
/// <param name="AccountId">Your id, at most 200 characters; it never changes.</param>
public sealed record SyncAccount(string AccountId)
{
    /// <summary>User name.</summary>
    public string? UserName { get; init; }

    /// <summary>Display name.</summary>
    public string? DisplayName { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>When its holder was last seen.</summary>
    public DateTimeOffset? LastSeenAt { get; init; }

    /// <summary>Has a second factor.</summary>
    public bool? TwoFactor { get; init; }

    /// <summary>May do more than others.</summary>
    public bool? Privileged { get; init; }

    /// <summary>Packages or projects owned.</summary>
    public long? Projects { get; init; }

    /// <summary>Their downloads or members, a month.</summary>
    public long? MonthlyDownloads { get; init; }

    /// <summary>All its addresses.</summary>
    public IReadOnlyList<SyncAddress> Addresses { get; init; } = [];
}

/// <summary>An address of an account to tell.</summary>
/// <param name="Email">The address.</param>
/// <param name="Primary">The primary one.</param>
/// <param name="VerifiedAt">When you verified it; without it only what DomainGuard saw itself counts as a sign of another holder.</param>
/// <param name="Proof">What that proved beside that somebody reads the mail; it matters where <paramref name="VerifiedAt"/> is newer than what DomainGuard knows.</param>
public sealed record SyncAddress(string Email, bool Primary = false, DateTimeOffset? VerifiedAt = null, [property: JsonConverter(typeof(ProofConverter))] VerificationProof Proof = VerificationProof.None);

/// <summary>What a list is.</summary>
public enum SyncMode
{
    /// <summary>A part: it adds and changes; what is not named stays.</summary>
    Partial,

    /// <summary>Everything: accounts that are not named are retired, never deleted.</summary>
    Full,
}

/// <summary>How a list is taken in.</summary>
public sealed record SyncOptions
{
    /// <summary>What it is.</summary>
    public SyncMode Mode { get; init; } = SyncMode.Partial;

    /// <summary>Writes nothing, and tells what it would have done.</summary>
    public bool DryRun { get; init; }

    /// <summary>Takes what is valid where lines are rejected; else nothing is taken then.</summary>
    public bool KeepGood { get; init; }

    /// <summary>Retires accounts even where a full list would retire more than a tenth.</summary>
    public bool AllowRemovals { get; init; }

    /// <summary>Sends the list compressed (<c>Content-Encoding: gzip</c>): a tenth of the bytes, for some work on both sides.</summary>
    public bool Compress { get; init; }
}

/// <summary>What became of a list.</summary>
public sealed record SyncReport
{
    /// <summary>Its number, as DomainGuard's import page shows it.</summary>
    public required long SyncId { get; init; }

    /// <summary><c>completed</c>, <c>dry_run</c> or <c>refused</c>.</summary>
    public required string Status { get; init; }

    /// <summary>Nothing was written: <see cref="Problem"/> and <see cref="Rejections"/> say why.</summary>
    [JsonIgnore]
    public bool IsRefused { get; internal init; }

    /// <summary>Addresses and accounts read.</summary>
    public int Lines { get; init; }

    /// <summary>Accounts that were not known.</summary>
    public int New { get; init; }

    /// <summary>Accounts that differ.</summary>
    public int Changed { get; init; }

    /// <summary>Accounts as before.</summary>
    public int Unchanged { get; init; }

    /// <summary>Accounts that a full list does not name.</summary>
    public int Gone { get; init; }

    /// <summary>Lines that were not taken.</summary>
    public int Rejected { get; init; }

    /// <summary>What speaks against it, in words.</summary>
    public string? Problem { get; init; }

    /// <summary>The lines that were not taken; DomainGuard tells the first 10,000.</summary>
    [JsonIgnore]
    public IReadOnlyList<SyncRejection> Rejections { get; internal init; } = [];
}

/// <summary>A line that was not taken.</summary>
/// <param name="Line">Its number, from 1.</param>
/// <param name="Field">What is wrong in it.</param>
/// <param name="Reason">Why, and how to mend it.</param>
public sealed record SyncRejection(long Line, string Field, string Reason);

/// <summary>Accounts as NDJSON, written as they come: memory does not grow with their number. When their source fails the connection is cut, so that half a list is never taken for a whole one.</summary>
internal sealed class SyncContent : HttpContent
{
    private const int FlushAt = 32 * 1024;
    private readonly IAsyncEnumerable<SyncAccount> _accounts;
    private readonly bool _compress;

    public SyncContent(IAsyncEnumerable<SyncAccount> accounts, bool compress)
    {
        (_accounts, _compress) = (accounts, compress);
        Headers.ContentType = new MediaTypeHeaderValue("application/x-ndjson");
        if (compress)
        {
            Headers.ContentEncoding.Add("gzip");
        }
    }

    /// <summary>Somebody began to read the accounts: they cannot be counted on to come a second time.</summary>
    public bool IsBegun { get; private set; }

    /// <summary>What their source threw.</summary>
    public Exception? SourceFailure { get; private set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        IsBegun = true;
        if (!_compress)
        {
            await WriteAsync(stream, cancellationToken);
            return;
        }

        await using var packed = new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true);
        await WriteAsync(packed, cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = -1;
        return false;
    }

    private async Task WriteAsync(Stream stream, CancellationToken cancel)
    {
        var buffer = new ArrayBufferWriter<byte>(2 * FlushAt);
        await using var json = new Utf8JsonWriter(buffer);
        await using var accounts = _accounts.GetAsyncEnumerator(cancel);
        while (await NextAsync(accounts) is { } account)
        {
            JsonSerializer.Serialize(json, account, ClientJson.Default.SyncAccount);
            json.Reset();
            buffer.Write("\n"u8);
            if (buffer.WrittenCount >= FlushAt)
            {
                await stream.WriteAsync(buffer.WrittenMemory, cancel);
                buffer.ResetWrittenCount();
            }
        }

        await stream.WriteAsync(buffer.WrittenMemory, cancel);
    }

    private async ValueTask<SyncAccount?> NextAsync(IAsyncEnumerator<SyncAccount> accounts)
    {
        try
        {
            return await accounts.MoveNextAsync() ? accounts.Current ?? throw new InvalidOperationException("An account of the list is null.") : null;
        }
        catch (Exception e)
        {
            SourceFailure = e;
            throw;
        }
    }
}
