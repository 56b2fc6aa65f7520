using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace DomainGuard.Data.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class SearchByAddress : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Address_SearchEmail_Id",
                table: "Address");

            migrationBuilder.CreateIndex(
                name: "IX_Address_SearchEmail_Id_AccountId_RetiredAt",
                table: "Address",
                columns: new[] { "SearchEmail", "Id", "AccountId", "RetiredAt" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Address_SearchEmail_Id_AccountId_RetiredAt",
                table: "Address");

            migrationBuilder.CreateIndex(
                name: "IX_Address_SearchEmail_Id",
                table: "Address",
                columns: new[] { "SearchEmail", "Id" });
        }
    }
}
