<?php
// A page as a small template engine makes it: data, an inner template for each item, a layout, everything escaped, about 30 KB.
declare(strict_types=1);

function e(string $s): string
{
    return htmlspecialchars($s, ENT_QUOTES | ENT_SUBSTITUTE, 'UTF-8');
}

function money(int $cents): string
{
    return number_format($cents / 100, 2) . ' €';
}

function render(string $template, array $vars): string
{
    extract($vars);
    ob_start();
    require __DIR__ . "/$template.php";
    return ob_get_clean();
}

$words = ['red', 'green', '<b>bold</b>', 'wood & iron', 'small', 'large', "O'Neil", 'naïve', 'paper', 'glass'];
$items = [];
for ($id = 1; $id <= 54; $id++) {
    $text = '';
    for ($w = 0; $w < 24; $w++) {
        $text .= $words[($id * 7 + $w * 3) % 10] . ($w % 8 === 7 ? "\n" : ' ');
    }
    $items[] = [
        'id' => $id,
        'name' => ucfirst($words[$id % 10]) . ' thing "' . $id . '"',
        'cents' => ($id * 7919) % 20000,
        'text' => $text,
        'tags' => [$words[$id % 10], $words[($id + 3) % 10], $words[($id + 6) % 10]],
    ];
}
usort($items, fn($a, $b) => [$a['cents'], $a['id']] <=> [$b['cents'], $b['id']]);

$body = '';
foreach ($items as $item) {
    $body .= render('item', ['item' => $item]);
}
header('Content-Type: text/html; charset=utf-8');
header('Cache-Control: private, max-age=60');
echo render('layout', [
    'title' => 'All things',
    'menu' => ['/page.php' => 'Things', '/about.php' => 'About', '/cart.php' => 'Cart'],
    'here' => '/page.php',
    'items' => $items,
    'body' => $body,
]);
