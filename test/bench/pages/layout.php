<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title><?= e($title) ?></title>
<link rel="stylesheet" href="/css/site.css">
</head>
<body>
<nav><ul>
<?php foreach ($menu as $path => $label): ?>
<li><a href="<?= e($path) ?>"<?= $path === $here ? ' class="here"' : '' ?>><?= e($label) ?></a></li>
<?php endforeach ?>
</ul></nav>
<main>
<h1><?= e($title) ?></h1>
<?= $body ?>
</main>
<footer><?= e(sprintf('%d items, %s in all', count($items), money(array_sum(array_column($items, 'cents'))))) ?></footer>
</body>
</html>
