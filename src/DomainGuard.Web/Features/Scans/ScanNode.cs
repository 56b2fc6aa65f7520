using System.Globalization;

namespace DomainGuard.Web.Features.Scans;

/// <summary>The name under which this process holds leases, and how long they last. Leases live in real time, never in the movable clock.</summary>
internal sealed class ScanNode(TimeProvider time)
{
    /// <summary>How long a lease lasts without being renewed: after that another node takes the lane over.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    /// <summary>Machine, process and a part that no restart repeats; at most 100 characters.</summary>
    public string Name { get; } = string.Create(
        CultureInfo.InvariantCulture,
        $"{Cut(Environment.MachineName)}:{Environment.ProcessId}:{Guid.CreateVersion7(time.GetUtcNow()).ToString("N")[16..]}");

    /// <summary>Real time now (UTC).</summary>
    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>Real time at which a lease taken now ends.</summary>
    public DateTimeOffset Until => Now + Lease;

    /// <summary>
    /// A lease that ends later than this cannot have been taken by a clock that runs as ours does: the machine's clock was set back since. It is free.
    /// </summary>
    public DateTimeOffset Unbelievable => Now + (Lease * 4);

    /// <summary>
    /// True when the holder of a lease is a process of this machine that has ended: then nobody need wait for the lease to run out. Should a machine name stand for several
    /// (containers), a living holder loses its lease, notices it before it writes, and only look-ups in flight are repeated.
    /// </summary>
    public static bool IsDead(string? owner)
    {
        if (owner?.Split(':') is not [var machine, var process, _] || machine != Cut(Environment.MachineName)
            || !int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            return false;
        }

        try
        {
            using var running = System.Diagnostics.Process.GetProcessById(id);
            return running.HasExited;
        }
        catch (ArgumentException)
        {
            return true;
        }
    }

    private static string Cut(string name) => (name.Length > 60 ? name[..60] : name).Replace(':', '-');
}
