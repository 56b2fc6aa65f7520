using System.Security.Cryptography;
using System.Text;
using CsCheck;
using DomainGuard.Core.Audit;

namespace DomainGuard.Core.Tests.Audit;

public class AuditChainTests
{
    private sealed record Entry(long Sequence, byte[] Previous, byte[] Content, byte[] Hash);

    [Fact]
    public void The_hash_is_SHA_256_over_the_documented_form()
    {
        var content = SHA256.HashData("test"u8);
        const string Form = """{"content":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","previous":"0000000000000000000000000000000000000000000000000000000000000000","sequence":1}""";
        Assert.Equal(Form, AuditChain.Canonical(1, AuditChain.Genesis, content));
        Assert.Equal(SHA256.HashData(Encoding.ASCII.GetBytes(Form)), AuditChain.Hash(1, AuditChain.Genesis, content));
        Assert.Equal(SHA256.HashData(Encoding.ASCII.GetBytes(Form.Replace(":1}", ":9223372036854775807}", StringComparison.Ordinal))), AuditChain.Hash(long.MaxValue, AuditChain.Genesis, content));
        Assert.Throws<ArgumentOutOfRangeException>(() => AuditChain.Hash(0, AuditChain.Genesis, content));
        Assert.Throws<ArgumentOutOfRangeException>(() => AuditChain.Hash(1, new byte[31], content));
    }

    [Fact]
    public void An_untouched_chain_is_whole() => Gen.Int[0, 40].Sample(n =>
    {
        var chain = Chain(n);
        var verifier = new ChainVerifier();
        Assert.Null(Run(verifier, chain));
        Assert.Equal((n, n), (verifier.Count, verifier.Last));
        Assert.Equal(n == 0 ? AuditChain.Genesis.ToArray() : chain[^1].Hash, verifier.LastHash.ToArray());
    });

    [Fact]
    public void A_part_is_whole_and_hangs_on_the_checkpoint_before_it() => Gen.Select(Gen.Int[2, 40], Gen.Int[0, 1000]).Sample((n, at) =>
    {
        var chain = Chain(n);
        var from = at % n;
        Assert.Null(Run(Expecting(from, from == 0 ? AuditChain.Genesis.ToArray() : chain[from - 1].Hash), chain[from..]));
        if (from > 0)
        {
            var fault = Run(Expecting(from, Other(chain[from - 1].Hash)), chain[from..])!;
            Assert.Equal((ChainFaultKind.OtherThanCheckpoint, from + 1L), (fault.Kind, fault.Sequence));
        }
    });

    [Fact]
    public void A_missing_entry_is_a_gap_and_named() => Touch(2, (chain, i) => i == chain.Count - 1 ? null : chain.Where((_, j) => j != i).ToList(), (n, i) => (ChainFaultKind.Gap, i + 1));

    [Fact]
    public void Altered_content_is_named() => Touch(1, (chain, i) => With(chain, i, chain[i] with { Content = Other(chain[i].Content) }), (n, i) => (ChainFaultKind.AlteredContent, i + 1), keepComputed: true);

    [Fact]
    public void Content_altered_together_with_its_hash_breaks_the_link() =>
        Touch(1, (chain, i) => With(chain, i, chain[i] with { Content = Other(chain[i].Content) }), (n, i) => (ChainFaultKind.BrokenLink, i + 1));

    [Fact]
    public void An_entry_altered_with_both_its_hashes_breaks_the_link_of_the_next() => Touch(
        2,
        (chain, i) =>
        {
            if (i == chain.Count - 1)
            {
                return null;
            }

            var content = Other(chain[i].Content);
            return With(chain, i, chain[i] with { Content = content, Hash = AuditChain.Hash(i + 1, chain[i].Previous, content) });
        },
        (n, i) => (ChainFaultKind.BrokenLink, i + 2));

    [Fact]
    public void Entries_in_another_order_are_named() => Gen.Select(Gen.Int[2, 30], Gen.Int[0, 1000], Gen.Int[0, 1000]).Sample((n, a, b) =>
    {
        var (from, to) = (a % n, b % n);
        if (from == to)
        {
            return;
        }

        var chain = Chain(n);
        var moved = chain[from];
        chain.RemoveAt(from);
        chain.Insert(to, moved);
        var fault = Run(new ChainVerifier(), chain)!;
        // A part that begins later is no fault by itself: moved to the front, an entry is named where the others go back.
        var first = to == 0 ? 1 : Math.Min(from, to) + 1;
        Assert.Equal((ChainFaultKind.Reordered, first), (fault.Kind, fault.Sequence));
    });

    [Fact]
    public void An_entry_that_stands_there_twice_is_named() => Touch(1, (chain, i) => [.. chain[..(i + 1)], .. chain[i..]], (n, i) => (ChainFaultKind.Reordered, i + 1));

    [Fact]
    public void A_cut_tail_is_noticed_by_a_checkpoint_and_only_by_one() => Gen.Select(Gen.Int[1, 30], Gen.Int[0, 1000]).Sample((n, at) =>
    {
        var chain = Chain(n);
        var left = at % n;
        Assert.Null(Run(new ChainVerifier(), chain[..left]));
        var fault = Run(Expecting(n, chain[^1].Hash), chain[..left])!;
        Assert.Equal((ChainFaultKind.TailCut, left + 1L), (fault.Kind, fault.Sequence));
    });

    [Fact]
    public void A_chain_made_anew_is_noticed_by_a_checkpoint() => Gen.Select(Gen.Int[1, 30], Gen.Int[0, 1000]).Sample((n, at) =>
    {
        var (chain, anew) = (Chain(n), Chain(n, salt: 1));
        var i = at % n;
        Assert.Null(Run(new ChainVerifier(), anew));
        var fault = Run(Expecting(i + 1, chain[i].Hash), anew)!;
        Assert.Equal((ChainFaultKind.OtherThanCheckpoint, i + 1L), (fault.Kind, fault.Sequence));
    });

    [Fact]
    public void A_filtered_part_proves_each_entry_and_their_order_not_that_all_are_there() => Gen.Select(Gen.Int[3, 30], Gen.Int[0, int.MaxValue]).Sample((n, mask) =>
    {
        var chain = Chain(n).Where((_, i) => (mask >> (i % 31) & 1) == 0).ToList();
        Assert.Null(Run(new ChainVerifier(isWhole: false), chain));
        if (chain.Count > 1)
        {
            var altered = With(chain, 1, chain[1] with { Content = Other(chain[1].Content) });
            var fault = Run(new ChainVerifier(isWhole: false), altered)!;
            Assert.Equal((ChainFaultKind.BrokenLink, chain[1].Sequence), (fault.Kind, fault.Sequence));
            chain.Reverse();
            Assert.Equal(ChainFaultKind.Reordered, Run(new ChainVerifier(isWhole: false), chain)!.Kind);
        }
    });

    [Fact]
    public void Any_single_flipped_bit_is_noticed() => Gen.Select(Gen.Int[1, 12], Gen.Int[0, 1000], Gen.Int[0, 255], Gen.Int[0, 2]).Sample((n, at, bit, which) =>
    {
        var chain = Chain(n);
        var entry = chain[at % n];
        var bytes = which switch { 0 => entry.Previous, 1 => entry.Content, _ => entry.Hash };
        bytes = [.. bytes];
        bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        var touched = which switch { 0 => entry with { Previous = bytes }, 1 => entry with { Content = bytes }, _ => entry with { Hash = bytes } };
        var fault = Run(new ChainVerifier(), With(chain, at % n, touched))!;
        Assert.Equal(entry.Sequence, fault.Sequence);
    });

    private static void Touch(int least, Func<List<Entry>, int, List<Entry>?> touch, Func<int, int, (ChainFaultKind, int)> expected, bool keepComputed = false) =>
        Gen.Select(Gen.Int[least, 30], Gen.Int[0, 1000]).Sample((n, at) =>
        {
            var chain = Chain(n);
            var i = at % n;
            if (touch(chain, i) is not { } touched || (touched.Count < n && i == 0))
            {
                return; // the first one gone: a part that begins later
            }

            var (kind, sequence) = expected(n, i);
            var fault = Run(new ChainVerifier(), touched, keepComputed ? i : -1)!;
            Assert.Equal((kind, (long)sequence), (fault.Kind, fault.Sequence));
        });

    private static ChainFault? Run(ChainVerifier verifier, IEnumerable<Entry> entries, int contentStatedOtherwise = -1)
    {
        foreach (var (e, i) in entries.Select((e, i) => (e, i)))
        {
            var link = new ChainLink { Sequence = e.Sequence, Previous = e.Previous, StatedContent = e.Content, ComputedContent = i == contentStatedOtherwise ? Other(e.Content) : e.Content, Hash = e.Hash };
            if (!verifier.Add(link))
            {
                break;
            }
        }

        return verifier.Finish();
    }

    private static ChainVerifier Expecting(long sequence, byte[] hash)
    {
        var verifier = new ChainVerifier();
        verifier.Expect(sequence, hash);
        return verifier;
    }

    private static List<Entry> Chain(int n, int salt = 0)
    {
        List<Entry> chain = [];
        var previous = AuditChain.Genesis.ToArray();
        for (var i = 1; i <= n; i++)
        {
            var content = SHA256.HashData(BitConverter.GetBytes(i + (salt * 1_000_000)));
            var hash = AuditChain.Hash(i, previous, content);
            chain.Add(new Entry(i, previous, content, hash));
            previous = hash;
        }

        return chain;
    }

    private static List<Entry> With(List<Entry> chain, int i, Entry entry) => [.. chain.Select((e, j) => j == i ? entry : e)];

    private static byte[] Other(byte[] hash) => SHA256.HashData(hash);
}
