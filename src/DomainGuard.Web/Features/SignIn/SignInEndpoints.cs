using DomainGuard.Data.Staff;
using DomainGuard.Web.Auth;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Identity;

namespace DomainGuard.Web.Features.SignIn;

internal static class SignInEndpoints
{
    /// <summary>Refuses a post that came from no form of ours. The middleware only notes that; what binds no form field must look at the note itself.</summary>
    internal static RouteHandlerBuilder RequireOwnForm(this RouteHandlerBuilder route) => route.WithMetadata(new RequireAntiforgeryTokenAttribute())
        .AddEndpointFilter(async (context, next) => context.HttpContext.Features.Get<IAntiforgeryValidationFeature>() is { IsValid: true } ? await next(context)
            // With words: an empty answer would be run again as the page for errors, which would read the same form.
            : TypedResults.Text("This form is out of date. Load the page again.", statusCode: StatusCodes.Status400BadRequest));

    /// <summary>What the sign-in pages post to besides themselves. All of it asks the antiforgery token, so that no picture on another page can do it.</summary>
    internal static void MapSignIn(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/signout", async (HttpContext http, StaffSignIn signIn) =>
        {
            var form = await http.Request.ReadFormAsync(http.RequestAborted);
            await signIn.LeaveAsync();
            return TypedResults.LocalRedirect(form["to"].ToString() is "/signin" or "" ? "~/signin" : "~/");
        }).RequireOwnForm().AllowAnonymous();

        // The same question for everybody: the authenticator knows whose passkeys it holds.
        routes.MapPost("/signin/passkey", async (SignInManager<GuardUser> signIn) =>
            TypedResults.Text(await signIn.MakePasskeyRequestOptionsAsync(null), "application/json"))
            .RequireOwnForm().AllowAnonymous();

        routes.MapPost("/me/passkey", async (HttpContext http, SignInManager<GuardUser> signIn, UserManager<GuardUser> users) =>
            await users.GetUserAsync(http.User) is { } user
                ? Results.Text(
                    await signIn.MakePasskeyCreationOptionsAsync(new PasskeyUserEntity { Id = user.Id.ToString(), Name = user.UserName!, DisplayName = user.DisplayName }), "application/json")
                : Results.NotFound())
            .RequireOwnForm().RequireAuthorization(Policies.Self);

        routes.MapSingleSignOn();
    }
}
