using System.Collections.Concurrent;
using DomainGuard.Core.Domains;
using Microsoft.Extensions.Options;

namespace DomainGuard.Lookups;

/// <summary>The lanes of this process, one per upstream host.</summary>
public sealed class Lanes(IOptions<LookupOptions> options, ILaneStore store, TimeProvider time)
{
    /// <summary>The lane of all resolvers together.</summary>
    public const string DnsHost = "dns";

    private readonly ConcurrentDictionary<string, SourceLane> _lanes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<SourceKind, BudgetPurse> _purses = new();

    /// <summary>Name of the lane of a URL: its host, with ":port" when that is not the default one.</summary>
    public static string HostOf(Uri url) => url.IsDefaultPort ? url.IdnHost : $"{url.IdnHost}:{url.Port}";

    /// <summary>Configured limit of a host.</summary>
    public LaneLimit LimitOf(string host) => options.Value.Lanes.Of(host);

    internal SourceLane Of(string host, SourceKind source) => _lanes.GetOrAdd(
        host, (h, s) => new SourceLane(h, s, LimitOf(h), store, _purses.GetOrAdd(s, static (k, st) => new BudgetPurse(k, st), store), time), source);
}

/// <summary>
/// Takes from the daily budget in blocks, ever smaller ones towards its end, so that counting costs nearly nothing. A killed process loses the rest of a block.
/// </summary>
internal sealed class BudgetPurse(SourceKind source, ILaneStore store)
{
    private const int LargestBlock = 50;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private DateOnly _day;
    private int _block;
    private int _left;

    internal async Task<bool> SpendAsync(DateOnly day, LaneUse use, CancellationToken cancel)
    {
        await _gate.WaitAsync(cancel);
        try
        {
            if (_day != day)
            {
                (_day, _block, _left) = (day, LargestBlock, 0);
            }

            if (_left == 0 && !await RefillAsync(day, use == LaneUse.Scan, cancel))
            {
                return false;
            }

            _left--;
            return true;
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<bool> RefillAsync(DateOnly day, bool inBlocks, CancellationToken cancel)
    {
        for (; inBlocks && _block > 1; _block /= 2)
        {
            if (await store.SpendAsync(source, day, _block, cancel))
            {
                _left = _block;
                return true;
            }
        }

        if (!await store.SpendAsync(source, day, 1, cancel))
        {
            return false;
        }

        _left = 1;
        return true;
    }
}
