using System.Globalization;

namespace DomainGuard.Core.Audit;

/// <summary>What is wrong with a chain.</summary>
public enum ChainFaultKind
{
    /// <summary>An entry is missing.</summary>
    Gap,

    /// <summary>Entries stand in another order, or one stands there twice.</summary>
    Reordered,

    /// <summary>The content of an entry is not what its hash says.</summary>
    AlteredContent,

    /// <summary>An entry does not follow from the one before.</summary>
    BrokenLink,

    /// <summary>The last entries are missing.</summary>
    TailCut,

    /// <summary>An entry is another than the one that a checkpoint names: the chain was made anew from there or before.</summary>
    OtherThanCheckpoint,

    /// <summary>What stands there is no entry.</summary>
    Unreadable,

    /// <summary>A checkpoint, a manifest or the data beside it is not what its signature or its hash says.</summary>
    BadSeal,
}

/// <summary>The first thing that is wrong with a chain.</summary>
/// <param name="Kind">Which kind.</param>
/// <param name="Sequence">Number of the first bad entry.</param>
/// <param name="Words">What is wrong, in words.</param>
public sealed record ChainFault(ChainFaultKind Kind, long Sequence, string Words);

/// <summary>One entry as it is read, with the hash of the content that was read.</summary>
public readonly ref struct ChainLink
{
    /// <summary>Number.</summary>
    public long Sequence { get; init; }

    /// <summary>Hash of the entry before, where what is read states it; else empty.</summary>
    public ReadOnlySpan<byte> Previous { get; init; }

    /// <summary>Hash of the content, as stated.</summary>
    public ReadOnlySpan<byte> StatedContent { get; init; }

    /// <summary>Hash of the content, as computed from what was read.</summary>
    public ReadOnlySpan<byte> ComputedContent { get; init; }

    /// <summary>The comment that was read is not the one whose hash the content holds.</summary>
    public bool IsCommentAltered { get; init; }

    /// <summary>Hash of the entry, as stated.</summary>
    public ReadOnlySpan<byte> Hash { get; init; }
}

/// <summary>
/// Follows a chain entry by entry and names the first bad one. Its memory does not grow with the chain. After a missing number it reads on, because only the rest tells whether the
/// entry is gone or stands elsewhere.
/// </summary>
public sealed class ChainVerifier
{
    private readonly bool _isWhole;
    private readonly bool _isSorted;
    private readonly Dictionary<long, byte[]> _checkpoints = [];
    private readonly byte[] _last = new byte[AuditChain.HashLength];
    private readonly byte[] _computed = new byte[AuditChain.HashLength];
    private long _lastCheckpoint;
    private long _missing;

    /// <summary>Begins.</summary>
    /// <param name="isWhole">Every entry from the first to the last is there; else (a filtered export) only each entry by itself is proved, and their order.</param>
    /// <param name="isSorted">The reader sorts by number, so that none can stand elsewhere.</param>
    public ChainVerifier(bool isWhole = true, bool isSorted = false) => (_isWhole, _isSorted) = (isWhole, isSorted);

    /// <summary>Entries read.</summary>
    public long Count { get; private set; }

    /// <summary>Number of the first entry; 0 before it.</summary>
    public long First { get; private set; }

    /// <summary>Number of the last good entry; 0 before the first.</summary>
    public long Last { get; private set; }

    /// <summary>Hash of the last good entry.</summary>
    public ReadOnlySpan<byte> LastHash => _last;

    /// <summary>What is wrong; null while nothing is known.</summary>
    public ChainFault? Fault { get; private set; }

    /// <summary>Adds what a checkpoint says: that entry has that hash. Call it before the entries.</summary>
    public void Expect(long sequence, byte[] hash)
    {
        ArgumentNullException.ThrowIfNull(hash);
        if (_checkpoints.TryGetValue(sequence, out var other) && !other.AsSpan().SequenceEqual(hash))
        {
            Set(ChainFaultKind.OtherThanCheckpoint, sequence, $"Two checkpoints name different entries #{Number(sequence)}.");
            return;
        }

        if (sequence > 0)
        {
            _checkpoints[sequence] = hash;
            _lastCheckpoint = Math.Max(_lastCheckpoint, sequence);
        }
    }

    /// <summary>Names something that is wrong beside the entries.</summary>
    public void AddBadSeal(long sequence, string words) => Set(ChainFaultKind.BadSeal, sequence, words);

    /// <summary>Names something that is no entry, where the entry after the last one should be.</summary>
    public void AddUnreadable(string words)
    {
        if (_missing == 0)
        {
            Set(ChainFaultKind.Unreadable, Last + 1, words);
        }
    }

    /// <summary>Takes the next entry.</summary>
    /// <returns>False: what is wrong is known, nothing more need be read.</returns>
    public bool Add(in ChainLink link)
    {
        if (Fault is not null)
        {
            return false;
        }

        Count++;
        if (_missing != 0)
        {
            return link.Sequence != _missing || Set(ChainFaultKind.Reordered, _missing, $"#{Number(_missing)} does not stand after #{Number(_missing - 1)} but further on.");
        }

        var isFirst = First == 0;
        return (isFirst ? CheckFirst(link) : CheckOrder(link)) && (_missing != 0 || (CheckContent(link) && CheckLink(link) && CheckCheckpoint(link)));
    }

    /// <summary>Ends: nothing more is there.</summary>
    /// <returns>What is wrong; null when nothing is.</returns>
    public ChainFault? Finish()
    {
        if (Fault is null && _missing != 0)
        {
            Set(ChainFaultKind.Gap, _missing, $"#{Number(_missing)} is missing.");
        }

        if (Fault is null && _isWhole && _lastCheckpoint > Last)
        {
            Set(ChainFaultKind.TailCut, Last + 1, $"The last entry is #{Number(Last)}, but a checkpoint names #{Number(_lastCheckpoint)}: what came after #{Number(Last)} was cut off.");
        }

        return Fault;
    }

    private bool CheckFirst(in ChainLink link)
    {
        First = link.Sequence;
        if (link.Sequence < 1)
        {
            return Set(ChainFaultKind.Unreadable, link.Sequence, $"An entry has the number {Number(link.Sequence)}.");
        }

        if (link.Sequence == 1 || link.Previous.IsEmpty)
        {
            if (link.Sequence != 1)
            {
                Last = 0;
                return CheckOrder(link);
            }

            AuditChain.Genesis.CopyTo(_last);
        }
        else
        {
            // A part of the chain: what lies before it is vouched for by a checkpoint, or not at all.
            link.Previous.CopyTo(_last);
        }

        Last = link.Sequence - 1;
        return !_checkpoints.TryGetValue(Last, out var before) || link.Previous.SequenceEqual(before)
            || Set(ChainFaultKind.OtherThanCheckpoint, link.Sequence, $"#{Number(link.Sequence)} does not follow from the entry that a checkpoint names.");
    }

    private bool CheckOrder(in ChainLink link)
    {
        if (link.Sequence <= Last)
        {
            return Set(
                ChainFaultKind.Reordered,
                link.Sequence,
                link.Sequence == Last ? $"#{Number(link.Sequence)} stands there twice." : $"#{Number(link.Sequence)} stands after #{Number(Last)}.");
        }

        if (link.Sequence == Last + 1)
        {
            return true;
        }

        if (_isWhole && _isSorted)
        {
            return Set(ChainFaultKind.Gap, Last + 1, $"#{Number(Last + 1)} is missing: after #{Number(Last)} comes #{Number(link.Sequence)}.");
        }

        if (_isWhole)
        {
            _missing = Last + 1;
        }
        else
        {
            link.Previous.CopyTo(_last);
        }

        return true;
    }

    private bool CheckContent(in ChainLink link) =>
        !link.ComputedContent.SequenceEqual(link.StatedContent) ? Set(ChainFaultKind.AlteredContent, link.Sequence, $"The content of #{Number(link.Sequence)} is not what its hash says: it was altered.")
        : !link.IsCommentAltered || Set(ChainFaultKind.AlteredContent, link.Sequence, $"The comment of #{Number(link.Sequence)} is not what its hash says: it was altered.");

    private bool CheckLink(in ChainLink link)
    {
        if (!link.Previous.IsEmpty && !link.Previous.SequenceEqual(_last))
        {
            return Set(ChainFaultKind.BrokenLink, link.Sequence, $"#{Number(link.Sequence)} names another entry before it than #{Number(link.Sequence - 1)}.");
        }

        AuditChain.Hash(link.Sequence, _last, link.StatedContent, _computed);
        if (!link.Hash.SequenceEqual(_computed))
        {
            return Set(ChainFaultKind.BrokenLink, link.Sequence, $"The hash of #{Number(link.Sequence)} does not follow from its content and #{Number(link.Sequence - 1)}.");
        }

        _computed.CopyTo(_last, 0);
        return true;
    }

    private bool CheckCheckpoint(in ChainLink link)
    {
        if (_checkpoints.Count > 0 && _checkpoints.TryGetValue(link.Sequence, out var expected) && !_last.AsSpan().SequenceEqual(expected))
        {
            return Set(
                ChainFaultKind.OtherThanCheckpoint,
                link.Sequence,
                $"#{Number(link.Sequence)} is another entry than the one that a checkpoint names: the chain was made anew, from there or before.");
        }

        Last = link.Sequence;
        return true;
    }

    private bool Set(ChainFaultKind kind, long sequence, string words)
    {
        Fault ??= new ChainFault(kind, sequence, words);
        return false;
    }

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
