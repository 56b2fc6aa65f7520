using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Web.Auth;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Audit;

/// <summary>How far a verification is.</summary>
/// <param name="Done">Entries read.</param>
/// <param name="Total">Of how many; null while it is not known.</param>
internal readonly record struct VerifyProgress(long Done, long? Total);

/// <summary>What a verification found.</summary>
/// <param name="Entries">Entries read.</param>
/// <param name="First">Number of the first.</param>
/// <param name="Last">Number of the last good one.</param>
/// <param name="LastHash">Its hash in lower-case hex.</param>
/// <param name="Erased">Entries whose comment was erased: their hash stays and is proved.</param>
/// <param name="Unsealed">Entries that are not sealed yet and not proved.</param>
/// <param name="Checkpoints">Checkpoints that agree.</param>
/// <param name="Fault">What is wrong; null when nothing is.</param>
/// <param name="Notes">What else there is to know, in words.</param>
/// <param name="Took">How long it took.</param>
internal sealed record VerifyReport(
    long Entries, long First, long Last, string LastHash, long Erased, long Unsealed, int Checkpoints, ChainFault? Fault, IReadOnlyList<string> Notes, TimeSpan Took);

/// <summary>Verifies the chain in the database from its first entry to its last: content against hash, hash against hash, head and checkpoints against entries. Reading and hashing go on side by side.</summary>
internal sealed class VerifyChain(IDbContextFactory<GuardDb> dbs, AuditKeys keys, ChainStatusStore status, GuardClock clock)
{
    /// <summary>Verifies, keeps what was found, and records that it was verified.</summary>
    /// <param name="by">Who asks.</param>
    /// <param name="outside">Checkpoints that were kept outside the database, as tokens.</param>
    /// <param name="progress">Told every few thousand entries.</param>
    /// <param name="cancel">Cancels; then nothing is kept.</param>
    /// <returns>The report; null when he may not.</returns>
    public async Task<VerifyReport?> ExecuteAsync(Requester by, IReadOnlyList<string> outside, Action<VerifyProgress>? progress, CancellationToken cancel)
    {
        if (!by.May(Policies.Export))
        {
            return null;
        }

        var watch = Stopwatch.StartNew();
        var verifier = new ChainVerifier(isSorted: true);
        List<string> notes = [];
        await using var db = await dbs.CreateDbContextAsync(cancel);
        await db.Database.OpenConnectionAsync(cancel);
        var head = await db.AuditHeads.AsNoTracking().FirstOrDefaultAsync(h => h.Id == AuditHead.TheOne, cancel);
        var checkpoints = await ExpectAsync(db, verifier, head, outside, notes, cancel);
        var upTo = await db.AuditEntries.MaxAsync(e => e.Sequence, cancel) ?? 0;
        var erased = await VerifyAsync(db, verifier, upTo, progress, cancel);
        verifier.Finish();
        var unsealed = await db.AuditEntries.LongCountAsync(e => e.Sequence == null, cancel);
        var report = new VerifyReport(
            verifier.Count, verifier.First, verifier.Last, Convert.ToHexStringLower(verifier.LastHash), erased, unsealed, checkpoints, verifier.Fault, notes, watch.Elapsed);
        await KeepAsync(db, by, report, cancel);
        return report;
    }

    private async Task KeepAsync(GuardDb db, Requester by, VerifyReport report, CancellationToken cancel)
    {
        var now = clock.Now;
        await status.SetAsync(db, new ChainStatus(now, report.Last, report.Fault), cancel);
        AuditTrail.Add(db, new AuditFact(AuditAction.ChainVerified, by.Actor, now)
        {
            Changes = [("upTo", null, report.Last), ("result", null, report.Fault is null ? "whole" : report.Fault.Kind), ("firstBad", null, report.Fault?.Sequence)],
        });
        await db.SaveChangesAsync(cancel);
    }

    private async Task<int> ExpectAsync(GuardDb db, ChainVerifier verifier, AuditHead? head, IReadOnlyList<string> outside, List<string> notes, CancellationToken cancel)
    {
        var count = 0;
        var unsigned = 0;
        await foreach (var kept in db.AuditCheckpoints.AsNoTracking().OrderBy(c => c.Sequence).AsAsyncEnumerable().WithCancellation(cancel))
        {
            var said = ChainCheckpoint.Read(kept.Token, keys.All, out var text);
            if (said is null || text.State == SignatureState.Bad || said.Sequence != kept.Sequence || !said.Hash.AsSpan().SequenceEqual(kept.Hash))
            {
                verifier.AddBadSeal(kept.Sequence, string.Create(CultureInfo.InvariantCulture, $"The checkpoint of {kept.At:d MMM yyyy} (#{kept.Sequence:N0}) is not what its signature says."));
                return count;
            }

            count++;
            unsigned += text.State == SignatureState.Good ? 0 : 1;
            verifier.Expect(said.Sequence, said.Hash);
        }

        foreach (var token in outside)
        {
            if (ChainCheckpoint.Read(token, keys.All, out var text) is not { } said || text.State == SignatureState.Bad)
            {
                verifier.AddBadSeal(0, "The checkpoint that was given cannot be read, or its signature does not hold.");
                return count;
            }

            count++;
            unsigned += text.State == SignatureState.Good ? 0 : 1;
            verifier.Expect(said.Sequence, said.Hash);
        }

        if (unsigned > 0)
        {
            notes.Add($"{(unsigned == 1 ? "1 checkpoint is" : string.Create(CultureInfo.InvariantCulture, $"{unsigned:N0} checkpoints are"))} unsigned, or signed by a key that is not configured here.");
        }

        if (head is not null)
        {
            verifier.Expect(head.Sequence, head.Hash);
        }

        return count;
    }

    private static async Task<long> VerifyAsync(GuardDb db, ChainVerifier verifier, long upTo, Action<VerifyProgress>? progress, CancellationToken cancel)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var pages = Channel.CreateBounded<List<AuditEntry>>(new BoundedChannelOptions(3) { SingleReader = true, SingleWriter = true });
        var reading = Task.Run(() => ReadAsync(db, upTo, pages.Writer, enough.Token), CancellationToken.None);
        var check = new EntryCheck();
        try
        {
            await foreach (var page in pages.Reader.ReadAllAsync(cancel))
            {
                foreach (var entry in page)
                {
                    if (!check.Add(verifier, entry))
                    {
                        return check.Erased;
                    }
                }

                progress?.Invoke(new VerifyProgress(verifier.Count, upTo));
            }

            return check.Erased;
        }
        finally
        {
            await enough.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task ReadAsync(GuardDb db, long upTo, ChannelWriter<List<AuditEntry>> pages, CancellationToken cancel)
    {
        Exception? failure = null;
        try
        {
            for (long after = 0; after < upTo;)
            {
                var page = await ReadEntries.PageAsync(db.AuditEntries, after, upTo, cancel);
                if (page.Count == 0)
                {
                    break;
                }

                after = page[^1].Sequence!.Value;
                await pages.WriteAsync(page, cancel);
            }
        }
        catch (Exception e)
        {
            failure = e;
            throw;
        }
        finally
        {
            pages.TryComplete(failure);
        }
    }
}

/// <summary>Gives entries of the database to a verifier: hashes their content anew, in buffers of its own.</summary>
internal sealed class EntryCheck
{
    private readonly CanonicalJsonWriter _form = new();
    private readonly byte[] _content = new byte[AuditChain.HashLength];
    private readonly byte[] _comment = new byte[AuditChain.HashLength];

    /// <summary>Comments that were erased.</summary>
    public long Erased { get; private set; }

    /// <summary>As <see cref="ChainVerifier.Add"/>.</summary>
    public bool Add(ChainVerifier verifier, AuditEntry entry)
    {
        _form.Clear();
        AuditTrail.WriteCanonical(_form, entry);
        SHA256.HashData(_form.Written, _content);
        return verifier.Add(new ChainLink
        {
            Sequence = entry.Sequence ?? 0,
            StatedContent = entry.ContentHash,
            ComputedContent = _content,
            IsCommentAltered = IsAltered(entry.Comment, entry.CommentHash),
            Hash = entry.Hash,
        });
    }

    private bool IsAltered(string? comment, byte[]? hash)
    {
        if (comment is null)
        {
            Erased += hash is null ? 0 : 1;
            return false;
        }

        SHA256.HashData(Encoding.UTF8.GetBytes(comment), _comment);
        return hash is null || !hash.AsSpan().SequenceEqual(_comment);
    }
}
