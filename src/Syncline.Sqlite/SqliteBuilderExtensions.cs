using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.DependencyInjection;
using Syncline.Engine;
using Syncline.Engine.Accounts;
using Syncline.Engine.Storage;

namespace Syncline.Sqlite;

/// <summary>Puts a Syncline server on SQLite.</summary>
public static class SqliteBuilderExtensions
{
    /// <summary>Keeps everything in a folder: one file per space, and one for users and members.</summary>
    public static SynclineBuilder UseSqlite(this SynclineBuilder builder, string folder) =>
        builder.UseSqlite(options => options.Folder = folder);

    /// <summary>Keeps everything in a folder, with options.</summary>
    public static SynclineBuilder UseSqlite(this SynclineBuilder builder, Action<SqliteOptions> configure)
    {
        builder.Services.AddSingleton(_ =>
        {
            SqliteOptions options = new();
            configure(options);
            Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
            return new SqliteDataFolder(options);
        });
        builder.Services.AddSingleton<ISpaceStore, SqliteSpaceStore>();
        builder.Services.AddSingleton<IAccountStore, SqliteAccountStore>();
        return builder;
    }
}
