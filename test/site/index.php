hello <?= $_SERVER['QUERY_STRING'] ?? '' ?>
