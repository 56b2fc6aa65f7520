namespace DomainGuard.Core.Scheduling;

/// <summary>What is at stake with an account, as one number.</summary>
public static class Impact
{
    /// <summary>The highest impact.</summary>
    public const int Highest = 1000;

    private const double PerTenfoldDownloads = 70;
    private const double PerTenfoldProjects = 80;
    private const double Privileged = 250;

    /// <summary>
    /// 0 (nothing) to 1000. Downloads and projects count by their order of magnitude, so that one popular package outweighs many unused ones;
    /// rights over others' accounts or projects are worth as much as a few thousand downloads a month.
    /// </summary>
    /// <param name="projects">Packages or projects owned; negative reads as none.</param>
    /// <param name="monthlyDownloads">Downloads or members a month; negative reads as none.</param>
    /// <param name="privileged">Staff or the like.</param>
    public static int Of(long projects, long monthlyDownloads, bool privileged)
    {
        var sum = (PerTenfoldDownloads * Math.Log10(1.0 + Math.Max(0, monthlyDownloads)))
            + (PerTenfoldProjects * Math.Log10(1.0 + Math.Max(0, projects)))
            + (privileged ? Privileged : 0);
        return (int)Math.Min(Highest, Math.Round(sum));
    }
}
