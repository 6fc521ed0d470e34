namespace LibSqlite;

/// <summary>
/// Idle prepared statements by their SQL; the least recently used is finalised when there are more than the capacity. A
/// statement in use is not in here, so a second, nested user of the same SQL prepares its own.
/// </summary>
internal sealed class StatementCache(int capacity)
{
    private readonly Dictionary<string, LinkedListNode<CachedStatement>> _bySql = new(StringComparer.Ordinal);
    private readonly LinkedList<CachedStatement> _latestFirst = [];

    /// <summary>Takes the idle statement out, or returns null when there is none.</summary>
    public LinkedListNode<CachedStatement>? Take(string sql)
    {
        if (!_bySql.Remove(sql, out LinkedListNode<CachedStatement>? node)) return null;

        _latestFirst.Remove(node);
        return node;
    }

    /// <summary>Puts a statement back, reset and without bindings. The node is reused, so this does not allocate.</summary>
    public void Put(LinkedListNode<CachedStatement> node)
    {
        if (capacity == 0 || !_bySql.TryAdd(node.Value.Sql, node))
        {
            Native.sqlite3_finalize(node.Value.Pointer);
            return;
        }

        Native.sqlite3_reset(node.Value.Pointer);
        Native.sqlite3_clear_bindings(node.Value.Pointer);
        _latestFirst.AddFirst(node);
        if (_bySql.Count > capacity) DropLast();
    }

    private void DropLast()
    {
        CachedStatement last = _latestFirst.Last!.Value;
        _latestFirst.RemoveLast();
        _bySql.Remove(last.Sql);
        Native.sqlite3_finalize(last.Pointer);
    }

    internal readonly record struct CachedStatement(string Sql, nint Pointer);
}
