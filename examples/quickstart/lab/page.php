<?php
// The page for people: $results as a table.

$e = fn($text) => htmlspecialchars((string) $text, ENT_QUOTES | ENT_SUBSTITUTE);
$denied = count(array_filter($results, fn($r) => !$r['allowed']));
$all = $denied === count($results);
header('Content-Type: text/html; charset=utf-8');
?>
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>jpm lab: <?= $denied ?> of <?= count($results) ?> denied</title>
<style>
:root { color-scheme: light dark; --text: #1c2024; --soft: #5b6570; --back: #fbfcfd; --line: #e3e8ec; --good: #0a7d3c; --bad: #c2261b; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e9ec; --soft: #98a3ad; --back: #14181c; --line: #2a3138; --good: #4cc881; --bad: #ff7a6e; } }
body { max-width: 62rem; margin: 3rem auto; padding: 0 1.25rem; font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); }
h1 { font-size: 1.6rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 2.5rem 0 .5rem; }
p { max-width: 46rem; }
.soft { color: var(--soft); }
.count { font-size: 1.2rem; font-weight: 600; }
.denied { color: var(--good); }
.allowed { color: var(--bad); }
table { width: 100%; border-collapse: collapse; margin-top: 1.5rem; }
th, td { text-align: left; vertical-align: top; padding: .45rem .75rem .45rem 0; border-bottom: 1px solid var(--line); }
th { font-size: .85rem; font-weight: 600; color: var(--soft); }

td:last-child, th:last-child { white-space: nowrap; }
code { font: .875em ui-monospace, monospace; }
a { color: inherit; }
ul { padding: 0; list-style: none; display: flex; flex-wrap: wrap; gap: .5rem 1rem; }
</style>
<h1>The lab</h1>
<p>This page runs in one of jpm's jails, as user <code><?= $e(posix_geteuid()) ?></code>, and has just tried what a hacked site
tries, each for real. Where only the jail is in the way, every attempt works for an ordinary user or, where it says so, for
root: jpm's tests make them without one, too.</p>
<p class="count <?= $all ? 'denied' : 'allowed' ?>"><?= $denied ?> of <?= count($results) ?> attempts denied</p>
<table>
<thead><tr><th>The page tried to<th>Result<th>Without the jail</thead>
<?php foreach ($results as $r): ?>
<tr><td><?= $e($r['title']) ?><td class="<?= $r['allowed'] ? 'allowed' : 'denied' ?>"><?= $r['allowed'] ? 'allowed' : 'denied' ?><?php if ($r['error'] !== ''): ?> <code class="soft"><?= $e($r['error']) ?></code><?php endif ?><td class="soft"><?= $r['unjailed'] === 'root' ? 'works for root' : 'works' ?>
<?php endforeach ?>
</table>
<h2>Tripwires</h2>
<p>No honest site makes these system calls. One of them ends the worker on the spot: the answer is <code>502</code>, jpm logs an
incident with this request's address and client, and starts a new worker.</p>
<ul>
<?php foreach (array_keys(tripwires()) as $name): ?>
<li><a href="/?trip=<?= $e($name) ?>"><code><?= $e($name) ?></code></a>
<?php endforeach ?>
</ul>
<p class="soft">The same as JSON: <a href="/?format=json">/?format=json</a></p>
</html>
