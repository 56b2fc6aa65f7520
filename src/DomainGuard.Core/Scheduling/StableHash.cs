namespace DomainGuard.Core.Scheduling;

/// <summary>A hash that is the same in every process and on every machine (FNV-1a, 64 bits, then mixed); unlike <see cref="string.GetHashCode()"/>.</summary>
internal static class StableHash
{
    /// <summary>A number in [0, 1) that depends on the text only.</summary>
    public static double Fraction(string text)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in text)
        {
            hash = (hash ^ (byte)c) * 1099511628211UL;
            hash = (hash ^ (byte)(c >> 8)) * 1099511628211UL;
        }

        // FNV's high bits hardly move for short texts: finish as MurmurHash3 does.
        hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCDUL;
        hash = (hash ^ (hash >> 33)) * 0xC4CEB9FE1A85EC53UL;
        return ((hash ^ (hash >> 33)) >> 11) * (1.0 / (1UL << 53));
    }
}
