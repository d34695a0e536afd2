<article id="item-<?= $item['id'] ?>">
<h2><a href="/item.php?id=<?= $item['id'] ?>"><?= e($item['name']) ?></a></h2>
<p class="price"><?= money($item['cents']) ?></p>
<p><?= nl2br(e($item['text'])) ?></p>
<ul>
<?php foreach ($item['tags'] as $tag): ?>
<li><a href="/tag.php?t=<?= rawurlencode($tag) ?>"><?= e($tag) ?></a></li>
<?php endforeach ?>
</ul>
</article>
