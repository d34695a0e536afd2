<?php
// Answers before it has read its input.
echo 'early';
