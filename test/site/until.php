<?php
// Answers when there is a file of this name beside it.
while (!file_exists(__DIR__ . '/' . basename($_GET['file']))) {
    usleep(1000);
}
echo 'it is there';
