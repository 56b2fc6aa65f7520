namespace DomainGuard.Data.Settings;

/// <summary>A small fact of the installation that every process shares, such as how far the demonstration clock was moved.</summary>
public sealed class Setting
{
    /// <summary>Its name, at most 100 characters. Key.</summary>
    public required string Name { get; set; }

    /// <summary>Its value, at most 4,000 characters.</summary>
    public required string Value { get; set; }

    /// <summary>Concurrency token.</summary>
    public int Version { get; set; }
}

/// <summary>Blocks of ids handed to processes. See <see cref="IdAllocator"/>.</summary>
public sealed class IdBlock
{
    /// <summary>Name of the series, at most 50 characters. Key.</summary>
    public required string Series { get; set; }

    /// <summary>The first id not handed out yet.</summary>
    public long Next { get; set; }
}
