<?= file_get_contents('/tmp/note') ?>
