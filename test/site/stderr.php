<?php
// Complains, and answers all the same.
error_log('this is the complaint');
echo 'fine';
