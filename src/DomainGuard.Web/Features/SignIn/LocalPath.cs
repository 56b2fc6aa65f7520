namespace DomainGuard.Web.Features.SignIn;

/// <summary>Where one goes after signing in.</summary>
internal static class LocalPath
{
    /// <summary>A path of this site, else the first page: anything else would send people away with their trust.</summary>
    public static string Of(string? to) => to is ['/', not ('/' or '\\'), ..] && !to.Any(char.IsControl) ? to : "/";

    /// <summary>A page with the wish to go on to another.</summary>
    public static string With(string page, string? to) => Of(to) == "/" ? page : $"{page}?to={Uri.EscapeDataString(to!)}";
}
